"""`evalkit reference`: every key of every file, as one page."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing

_DESCRIPTION = """\
Prints every key of the files that evalkit reads (suites, sessions, services, scripts), every fault,
check and metric, and how faults reach clients in tests, as one page of Markdown made from the
code."""

_EXAMPLES = """\
  evalkit reference | less
  evalkit reference > reference.md"""


def _action(args: argparse.Namespace) -> int:
    del args
    print(page())
    return 0


def page() -> str:
    """The page."""
    from evalkit.report.reference import reference_lines
    from evalkit.testing.bridge.carried import table_lines

    return "\n".join((*reference_lines(), "", *table_lines()))


COMMAND = Command(
    name="reference",
    summary="print every key, fault, check and metric as one page",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=nothing,
    action=_action,
)
