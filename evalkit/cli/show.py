"""`evalkit show`: look into a stored run."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Shows a stored run: its scenarios and verdicts, and its sessions, those that did not complete
first. With a session, shows what happened in it as a timeline on the world's clock: turns, calls
and their attempts, faults, waits, effects and findings."""

_EXAMPLES = """\
  evalkit show latest
  evalkit show latest s-003 --scenario crm-slow
  evalkit show reports/support-20260105T090000Z-3fa2"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser)
    parser.add_argument("session", metavar="SESSION", nargs="?", help="the id of a session")
    parser.add_argument(
        "--scenario", metavar="NAME", help="which scenario, if several have that session"
    )
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.report.show import print_run, print_session

    run = api.load_run(args.run, out=args.out)
    if args.session is None:
        print_run(run, sys.stdout, scenario=args.scenario)
    else:
        print_session(run, args.session, sys.stdout, scenario=args.scenario)
    return 0


COMMAND = Command(
    name="show",
    summary="look into a stored run, or one session of it",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
