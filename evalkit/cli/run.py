"""`evalkit run`: run suites and judge them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evalkit.cli.command import Command, positive

_DESCRIPTION = """\
Runs the suites at the given paths (a folder is searched for *.eval.yaml files) and judges them.
The sessions are replayed through the agent in a simulated world: waiting costs nothing, and the
same seed gives the same run. What was measured is kept in a folder of its own under DIR."""

_EXAMPLES = """\
  evalkit run scenarios/support
  evalkit run scenarios --scenario "crm-*" --workers 4
  evalkit run scenarios/support --scenario crm-slow --session s-003 --seed 7
  evalkit run scenarios/support --twice
  evalkit run --resume latest
  evalkit run scenarios/support --json > run.json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", type=Path, help="a suite file, or a folder of suites"
    )
    _add_choice(parser)
    _add_manner(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """What of the suites is run."""
    parser.add_argument(
        "--scenario", metavar="GLOB", help="run only the scenarios whose name matches"
    )
    parser.add_argument("--session", metavar="ID", help="run only this session")
    parser.add_argument(
        "--seed",
        metavar="S",
        type=int,
        help="what all that is drawn depends on (default: the suite's seed)",
    )
    parser.add_argument(
        "--resume",
        metavar="RUN",
        help="go on with a run that was killed or interrupted (its folder, its id, or `latest`); "
        "refused where what it is made of has changed",
    )


def _add_manner(parser: argparse.ArgumentParser) -> None:
    """How they are run, and what is told."""
    parser.add_argument(
        "--workers",
        metavar="N",
        type=positive,
        help="processes at a time (default: one per core); the results do not depend on it",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("reports"),
        help="where the run's folder is made (default: %(default)s)",
    )
    parser.add_argument(
        "--twice",
        action="store_true",
        help="run everything twice and fail where the second run differs, naming the first event",
    )
    parser.add_argument(
        "--no-control",
        dest="controls",
        action="store_false",
        help="do not run sessions of faulty scenarios without faults as well, to compare",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the record of each run as JSON, and all else to stderr",
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.errors import UsageError
    from evalkit.report.closing import print_closing
    from evalkit.report.progress import progress_on
    from evalkit.store import to_json

    if not args.paths and args.resume is None:
        raise UsageError("which suite? give the path of one, or of a folder of suites")
    with progress_on(sys.stderr) as progress:
        runs = api.run(
            args.paths,
            scenario=args.scenario,
            session=args.session,
            seed=args.seed,
            workers=args.workers,
            out=args.out,
            twice=args.twice,
            controls=args.controls,
            resume=args.resume,
            listener=progress,
        )
    for run in runs:
        print_closing(run, sys.stderr if args.json else sys.stdout)
        if args.json:
            print(to_json(run.record))
    return api.exit_code_of(runs)


COMMAND = Command(
    name="run",
    summary="run suites and judge them",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
