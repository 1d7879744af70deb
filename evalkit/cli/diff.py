"""`evalkit diff`: what two stored runs did differently."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Compares two runs of one suite session by session: the calls made and what they asked, their order,
the faults they met, what they were answered, their retries, the effects, the agent's replies, what
the checks found, and how sessions ended. Shows which sessions did something else, the first thing
each of them did differently, and a summary by kind of change.

Times are no behaviour, and neither is the order of calls that are side by side. Instants, UUIDs,
addresses of objects and masked values are each taken for equal.

Exit codes: 0 the runs did the same, 1 they differ, 2 they cannot be compared."""

_EXAMPLES = """\
  evalkit diff support-20260105T090000Z-3fa2 latest
  evalkit diff main latest --scenario crm-slow --session s-003
  evalkit diff reports/before reports/after --json > changes.json"""

DIFFERENT = 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser, "first")
    parser.add_argument("second", metavar="RUN", help="the run to compare it with")
    parser.add_argument("--scenario", metavar="NAME", help="compare only this scenario")
    parser.add_argument(
        "--session", metavar="ID", help="compare only this session, and show all its changes"
    )
    kept_in(parser)
    parser.add_argument("--json", action="store_true", help="print all changes as JSON")


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.report.diff import comparison_json, print_comparison

    first, second = (api.load_run(each, out=args.out) for each in (args.first, args.second))
    comparison = api.compare(first, second, scenario=args.scenario, session=args.session)
    if args.json:
        print(comparison_json(comparison, first.record, second.record))
    else:
        whole = args.session is not None
        print_comparison(comparison, first, second, sys.stdout, whole=whole)
    return 0 if comparison.equal else DIFFERENT


COMMAND = Command(
    name="diff",
    summary="compare two stored runs, session by session",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
