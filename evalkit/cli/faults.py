"""`evalkit faults`: what can be told to go wrong."""

from __future__ import annotations

from evalkit.cli.listing import listing

_DESCRIPTION = """\
Lists the faults that a scenario can inject, each as it is written in a suite, with its settings;
then the conditions of `when`, which choose the calls that a fault hits."""

_EXAMPLES = """\
  evalkit faults
  evalkit faults | less"""

COMMAND = listing(
    "faults",
    of="fault_lines",
    summary="list the faults that a scenario can inject",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
)
