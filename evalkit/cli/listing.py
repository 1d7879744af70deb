"""Commands that list what there is to choose from."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing


def listing(name: str, *, of: str, summary: str, description: str, examples: str) -> Command:
    """A command that prints the lines that a function of `evalkit.report.catalogue` gives.

    The function is named, and not given, so that nothing is imported before it is asked for.
    """

    def action(args: argparse.Namespace) -> int:
        from evalkit.report import catalogue

        del args
        print("\n".join(getattr(catalogue, of)()))
        return 0

    return Command(
        name=name,
        summary=summary,
        description=description,
        examples=examples,
        arguments=nothing,
        action=action,
    )
