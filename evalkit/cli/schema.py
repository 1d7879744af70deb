"""`evalkit schema`: the JSON Schemas of suite and price files, for editors."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command

_DESCRIPTION = """\
Prints the JSON Schema of suite files, or of price files. Editors with a YAML language server
complete and check a file that names it in its first line:
# yaml-language-server: $schema=PATH"""

_EXAMPLES = """\
  evalkit schema > suite.schema.json
  evalkit schema prices > prices.schema.json"""

_FILES = ("suite", "prices")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        choices=_FILES,
        default=_FILES[0],
        help="which files: `suite` (the default) or `prices`",
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit.checks.schema import schema_text
    from evalkit.suite.schema import prices_schema

    print(schema_text(prices_schema() if args.file == "prices" else None), end="")
    return 0


COMMAND = Command(
    name="schema",
    summary="print the JSON Schema of suite or price files",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
