"""`evalkit coverage`: what a suite declares about its services, and what could be added."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evalkit.cli.command import Command

_DESCRIPTION = """\
Tells for each service of a suite which of these is declared or missing, and what to add where:
contract, budget, failure policy, scopes, idempotency, and faults tried. What a service cannot need
(scopes without credentials, idempotency without effects) is not missing. Nothing is run.

Exit code 0; with --strict 1 if something is missing."""

_EXAMPLES = """\
  evalkit coverage scenarios/support/support.eval.yaml
  evalkit coverage scenarios --strict
  evalkit coverage scenarios/support/support.eval.yaml --json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="SUITE", type=Path, help="a suite file, or a folder of suites"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if something is missing")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _action(args: argparse.Namespace) -> int:
    from evalkit.api.covering import coverage
    from evalkit.report.coverage import print_coverage

    found = coverage(args.paths)
    if args.json:
        import json
        from dataclasses import asdict

        suites = [{**asdict(each), "missing": each.missing} for each in found]
        print(json.dumps(suites, indent=2, ensure_ascii=False))
    else:
        print_coverage(found, sys.stdout)
    return int(args.strict and any(each.missing for each in found))


COMMAND = Command(
    name="coverage",
    summary="what a suite declares about its services, and what is missing",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
