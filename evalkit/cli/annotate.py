"""`evalkit annotate`: show what did not pass on the lines of the suite."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from evalkit.cli.command import Command, kept_in

_DESCRIPTION = """\
Prints what of a run did not pass as annotations of GitHub Actions, each with the file and the line
of the scenario or the gate that it is about. What does not block is a warning. GitHub shows ten
errors and ten warnings of a step: of more, the last one says how many there are.

Exit code 0 whatever the verdict is: `evalkit run` has told it."""

_EXAMPLES = """\
  evalkit annotate latest
  evalkit annotate reports/support-20260105T090000Z-3fa2 --root ."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    text = "the folder of a run, its id, the start of its id, or `latest`"
    parser.add_argument("runs", nargs="+", metavar="RUN", help=text)
    parser.add_argument(
        "--root",
        metavar="DIR",
        type=Path,
        help="the folder of the repository (default: $GITHUB_WORKSPACE, or where this is run)",
    )
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.api.annotating import annotations_of
    from evalkit.report.ci.annotations import commands

    root = args.root or Path(os.environ.get("GITHUB_WORKSPACE") or ".")
    runs = [api.load_run(each, out=args.out) for each in args.runs]
    for line in commands(each for run in runs for each in annotations_of(run.record, root)):
        print(line)
    return 0


COMMAND = Command(
    name="annotate",
    summary="print what did not pass as annotations of GitHub Actions",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
