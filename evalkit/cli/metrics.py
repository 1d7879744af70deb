"""`evalkit metrics`: what is measured, and how gates are written."""

from __future__ import annotations

from evalkit.cli.listing import listing

_DESCRIPTION = """\
Lists the metrics with their units and definitions, and the labels that `where` can choose by;
then the language of gates, which hold the metrics against limits."""

_EXAMPLES = """\
  evalkit metrics
  evalkit metrics | less"""

COMMAND = listing(
    "metrics",
    of="metric_lines",
    summary="list what is measured, and how gates are written",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
)
