"""`evalkit contract`: what changed between two versions of an API's contract."""

from __future__ import annotations

import argparse
from pathlib import Path

from evalkit.cli.command import Command, Formatter

_DESCRIPTION = """\
Compares two versions of an OpenAPI document (3.0 or 3.1) from the side of an agent that was built
on the first, and names every change: breaking (an operation, field or value is gone, something is
required now, a type is another) or compatible. Exit code 1 if one is breaking, else 0."""

_EXAMPLES = """\
  evalkit contract diff crm-v1.openapi.yaml crm-v2.openapi.yaml
  evalkit contract diff OLD NEW --breaking"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, help="what to do"
    )
    diff = actions.add_parser(
        "diff",
        help="name the changes from one version to another",
        description=_DESCRIPTION,
        formatter_class=Formatter,
    )
    diff.add_argument("old", metavar="OLD", type=Path, help="the document that the agent knows")
    diff.add_argument("new", metavar="NEW", type=Path, help="the document it will meet")
    diff.add_argument("--breaking", action="store_true", help="name the breaking changes only")


def _action(args: argparse.Namespace) -> int:
    from evalkit.services.contracts import compare_contracts
    from evalkit.services.openapi.open_contract import open_contract

    changes = compare_contracts(open_contract(args.old), open_contract(args.new))
    breaking = sum(each.breaking for each in changes)
    for change in changes:
        if change.breaking or not args.breaking:
            print(change)
    if not changes:
        print("no change that an agent could notice")
        return 0
    print(f"\n{breaking} breaking, {len(changes) - breaking} compatible")
    return 1 if breaking else 0


COMMAND = Command(
    name="contract",
    summary="name the breaking changes between two versions of a contract",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
