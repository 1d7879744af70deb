"""`evalkit explain`: why a call of a stored run went as it did."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Explains one call of a stored run: what answered it and why, what every fault rule of the scenario
did about it and why, which attempt at what it is, what the client got and when, what it changed,
and the findings that name it. CALL is SESSION#3, or SCENARIO/SESSION#3 where several scenarios
have the session; SCENARIO/#3 is a call of no session. `evalkit show RUN SESSION` lists the calls.
Without CALL: the requests that no route or rule answered, with the nearest and what kept it from
answering."""

_EXAMPLES = """\
  evalkit explain latest crm-slow/s-003#4
  evalkit explain latest s-003#4 --scenario crm-slow
  evalkit explain latest"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser)
    parser.add_argument("call", metavar="CALL", nargs="?", help="the name of a call: SESSION#3")
    parser.add_argument(
        "--scenario", metavar="NAME", help="which scenario, if several have that session"
    )
    parser.add_argument(
        "--cell",
        metavar="N",
        type=int,
        help="which cell, if several have such a call of no session",
    )
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.api.explaining import defined_by
    from evalkit.report.explained import explained_call, print_explanation, print_unmatched

    run = api.load_run(args.run, out=args.out)
    if args.call is None:
        print_unmatched(run, sys.stdout, scenario=args.scenario)
        return 0
    explained = explained_call(
        run, args.call, scenario=args.scenario, cell=args.cell, define=defined_by(run)
    )
    print_explanation(explained, run, sys.stdout)
    return 0


COMMAND = Command(
    name="explain",
    summary="explain one call of a stored run, or its unmatched requests",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
