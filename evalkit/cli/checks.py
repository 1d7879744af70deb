"""`evalkit checks`: what is looked for in every session."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing

_DESCRIPTION = """\
Lists the checks: what each looks for in what was recorded, and whether what it finds fails the
scenario (violation) or is told only (advice)."""

_EXAMPLES = """\
  evalkit checks"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.report.catalogue import check_lines

    del args
    print("\n".join(check_lines()))
    return 0


COMMAND = Command(
    name="checks",
    summary="list the checks that look for mistakes of the agent",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=nothing,
    action=_action,
)
