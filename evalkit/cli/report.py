"""`evalkit report`: write the HTML report of a stored run again."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Writes the HTML report of a stored run into its folder again, and the index over all runs beside
it. Nothing is run: a report is made of what the folder holds. Each is one file without any
reference to another, to be kept, attached or opened from anywhere."""

_EXAMPLES = """\
  evalkit report latest
  evalkit report reports/support-20260105T090000Z-3fa2"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser)
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api

    report, index = api.report(args.run, out=args.out)
    print(f"report  {report}\nruns    {index}")
    return 0


COMMAND = Command(
    name="report",
    summary="write the HTML report of a stored run again",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
