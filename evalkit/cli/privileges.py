"""`evalkit privileges`: what an agent calls, with which scopes, and whether people accepted it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.cli.command import Command, Formatter, kept_in

if TYPE_CHECKING:
    from evalkit.api.privileges import Reviewed

_DESCRIPTION = """\
Shows every operation that the agent of a stored run used, with the scopes it took, and how that
differs from the reviewed list beside the suite (SUITE.privileges.yaml). Exit code 1 where a list
is there and something was used that is not in it. `accept` writes the list anew: look at its diff
before you commit it. While there is a list, the check `least-privilege` accuses what is not in
it."""

_EXAMPLES = """\
  evalkit privileges show latest
  evalkit privileges show suites/shop.eval.yaml
  evalkit privileges accept suites/shop.eval.yaml"""

_TARGET = (
    "a run (its folder, id, the start of its id, `latest`), or a suite, whose last run is meant"
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", help="what to do (default: show latest)"
    )
    for name, text, action in (
        ("show", "show what was used, and what of it is not accepted", _show),
        ("accept", "write the reviewed list as the run has it", _accept),
    ):
        sub = actions.add_parser(name, help=text, formatter_class=Formatter)
        sub.add_argument("target", metavar="RUN|SUITE", nargs="?", default="latest", help=_TARGET)
        kept_in(sub)
        sub.set_defaults(do=action)
    parser.set_defaults(do=_show, target="latest", out=Path("reports"))


def _action(args: argparse.Namespace) -> int:
    from evalkit.api.privileges import review

    code: int = args.do(review(args.target, out=Path(args.out)))
    return code


def _show(reviewed: Reviewed) -> int:
    from evalkit.report.privileges import privilege_lines

    print("\n".join(privilege_lines(reviewed)))
    return 1 if reviewed.accepted is not None and reviewed.new else 0


def _accept(reviewed: Reviewed) -> int:
    from evalkit.api.privileges import accept
    from evalkit.report.privileges import change_lines

    accept(reviewed)
    print("\n".join(change_lines(reviewed)))
    return 0


COMMAND = Command(
    name="privileges",
    summary="show what an agent calls and with which scopes, and accept it",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
