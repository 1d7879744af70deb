"""`evalkit compare`: a run against a baseline or another run, with statistics."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evalkit.cli.command import Command, kept_in
from evalkit.cli.values import share

_DESCRIPTION = """\
Compares a run (B) with an earlier run or a baseline's file (A).

Simulated runs of one seed are compared session by session: a series is worse where significantly
more sessions got worse than better by more than the tolerance (exact sign test, Holm over the
series of a scenario), so that a quarter of the sessions cannot hide behind an unchanged median.
A change has to reach some sessions to be told from chance: 5 that all got worse where one series
moved, 6 where two did, 7 up to three or four, 8 up to eight. What fewer sessions do otherwise is
listed, and does not fail: leave such things to gates, checks and expectations.
Sessions that took other steps are listed with the first that differs. Live runs, and other seeds,
are samples: rates by Newcombe's interval, means and quantiles by a bootstrap over sessions, all of
a scenario's together at 95%.

Exit codes: 0 nothing got worse, 1 something did, 2 they cannot be compared, 3 no common session."""

_EXAMPLES = """\
  evalkit compare main latest
  evalkit compare scenarios/support/support.baseline.json latest --tolerance 10%
  evalkit compare reports/before reports/after --json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="A", help="a run, or the file of a baseline")
    parser.add_argument("second", metavar="B", help="the run to judge")
    tolerance(parser)
    kept_in(parser)
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def tolerance(parser: argparse.ArgumentParser) -> None:
    """How much worse is tolerated."""
    parser.add_argument(
        "--tolerance",
        metavar="SHARE",
        type=share,
        default=0.05,
        help="how much worse a figure may be (default: 5%%)",
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.gate import exit_code
    from evalkit.gate.baseline import Tolerance
    from evalkit.report.baseline import compared_json, print_compared

    compared = api.compare_to_baseline(
        args.first, args.second, tolerance=Tolerance(share=args.tolerance), out=Path(args.out)
    )
    if args.json:
        print(compared_json(compared))
    else:
        print_compared(compared, sys.stdout)
    return exit_code(compared.verdict)


COMMAND = Command(
    name="compare",
    summary="compare a run with a baseline or another run, with statistics",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
