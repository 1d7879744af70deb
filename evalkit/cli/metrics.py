"""`evalkit metrics`: what is measured, and how gates are written."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing

_DESCRIPTION = """\
Lists the metrics with their units and definitions, and the labels that `where` can choose by;
then the language of gates, which hold the metrics against limits."""

_EXAMPLES = """\
  evalkit metrics
  evalkit metrics | less"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.report.catalogue import metric_lines

    del args
    print("\n".join(metric_lines()))
    return 0


COMMAND = Command(
    name="metrics",
    summary="list what is measured, and how gates are written",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=nothing,
    action=_action,
)
