"""`evalkit history`: the runs in a folder, and the trend of a figure."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in
from evalkit.cli.values import positive

_DESCRIPTION = """\
Lists stored runs by suite and branch, with what came of each, a figure with its interval at 95 %
and its count, and the trend of that figure over the whole runs. The figure is written as gates
write it; it is of the scenarios that inject nothing, unless it names scenarios or is of faults."""

_EXAMPLES = """\
  evalkit history
  evalkit history --metric "p95(turn.latency)" --suite support --last 20
  evalkit history --metric "rate(call.error where service=crm)" --branch main --json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metric",
        metavar="FIGURE",
        default="rate(session.completed)",
        help="the figure (default: %(default)s)",
    )
    parser.add_argument(
        "--suite", metavar="NAME", action="append", help="of this suite; may be repeated"
    )
    parser.add_argument(
        "--branch", metavar="NAME", action="append", help="of this branch; may be repeated"
    )
    parser.add_argument(
        "--last",
        metavar="N",
        type=positive,
        default=20,
        help="the last so many runs of each suite and branch (default: %(default)s)",
    )
    kept_in(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _action(args: argparse.Namespace) -> int:
    from evalkit.history import history, stored_runs

    told = history(
        stored_runs(args.out),
        args.metric,
        suites=args.suite or (),
        branches=args.branch or (),
        last=args.last,
    )
    if args.json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(told), indent=2, ensure_ascii=False))
    else:
        from evalkit.history.printing import print_history

        print_history(told, sys.stdout)
    return 0


COMMAND = Command(
    name="history",
    summary="list stored runs, with the trend of a figure",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
