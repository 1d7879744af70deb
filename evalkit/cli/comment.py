"""`evalkit comment`: make the comment on a pull request from records that nobody vouches for."""

from __future__ import annotations

import argparse
from pathlib import Path

from evalkit.cli.command import Command

_DESCRIPTION = """\
Prints the comment on a pull request, in Markdown: the verdict, the gates, what changed against the
baseline, and the commands that show each failure again.

The runs may come from anybody: of a folder or an archive only `run.json` is read, nothing of it is
unpacked, followed or run, and all that it says is escaped. What cannot be read is said to be so,
and is no pass. Exit code 0 whatever the verdict is."""

_EXAMPLES = """\
  evalkit comment reports/support-20260105T090000Z-3fa2
  evalkit comment artifact.zip --commit 9fa1fa6 --conclusion failure"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    text = "the folder of a run, a folder of such folders, or a ZIP archive of either"
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help=text)
    parser.add_argument("--commit", metavar="SHA", help="the commit that was tested")
    parser.add_argument(
        "--conclusion", metavar="WORD", help="how the check ended: success, failure, cancelled, ..."
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit.report.ci.comment import comment
    from evalkit.store.foreign import foreign_records

    records = [each for path in args.paths for each in foreign_records(path)]
    print(comment(records, commit=args.commit, conclusion=args.conclusion))
    return 0


COMMAND = Command(
    name="comment",
    summary="make the comment on a pull request, from untrusted runs",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
