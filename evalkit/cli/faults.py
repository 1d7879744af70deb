"""`evalkit faults`: what can be told to go wrong."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing

_DESCRIPTION = """\
Lists the faults that a scenario can inject, each as it is written in a suite, with its settings;
then the conditions of `when`, which choose the calls that a fault hits."""

_EXAMPLES = """\
  evalkit faults
  evalkit faults | less"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.report.catalogue import fault_lines

    del args
    print("\n".join(fault_lines()))
    return 0


COMMAND = Command(
    name="faults",
    summary="list the faults that a scenario can inject",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=nothing,
    action=_action,
)
