"""`evalkit validate`: check suites without running anything."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.cli.command import Command

if TYPE_CHECKING:
    from evalkit.suite import Problem

_DESCRIPTION = """\
Checks suites and all that they refer to (service definitions, scripts, payloads) without running
anything. Every mistake is reported at once, with its place, what is allowed and what was probably
meant. Exit code 0 if there is none, else 2."""

_EXAMPLES = """\
  evalkit validate scenarios/support/support.eval.yaml
  evalkit validate scenarios
  evalkit validate scenarios --sarif mistakes.sarif"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", type=Path, help="a suite file, or a folder of suites"
    )
    parser.add_argument(
        "--sarif",
        metavar="FILE",
        type=Path,
        help="write mistakes and warnings to FILE as SARIF 2.1.0 as well, for code scanning",
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit import api

    suites = api.suites_in(args.paths)
    problems, warnings = api.validate(args.paths), api.warnings_of(args.paths)
    if args.sarif is not None:
        _write_sarif(args.sarif, problems, warnings)
    for warning in warnings:
        print(f"warning: {warning}\n", file=sys.stderr)
    for problem in problems:
        print(f"{problem}\n", file=sys.stderr)
    if problems:
        print(f"evalkit: {len(problems)} mistake{'s' * (len(problems) > 1)}", file=sys.stderr)
        return 2
    print(f"{len(suites)} suite{'s' * (len(suites) > 1)} checked, no mistakes")
    return 0


def _write_sarif(path: Path, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
    from evalkit.errors import UsageError
    from evalkit.report.ci.sarif import sarif

    try:
        path.write_text(sarif(problems, warnings), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


COMMAND = Command(
    name="validate",
    summary="check suites without running anything",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
