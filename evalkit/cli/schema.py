"""`evalkit schema`: the JSON Schema of suite files, for editors."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, nothing

_DESCRIPTION = """\
Prints the JSON Schema of suite files. Editors with a YAML language server complete and check a
suite that names it in its first line: # yaml-language-server: $schema=PATH"""

_EXAMPLES = """\
  evalkit schema > suite.schema.json"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.checks.schema import schema_text

    del args
    print(schema_text(), end="")
    return 0


COMMAND = Command(
    name="schema",
    summary="print the JSON Schema of suite files",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=nothing,
    action=_action,
)
