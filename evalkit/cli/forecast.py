"""`evalkit forecast`: what so many sessions would cost."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in
from evalkit.cli.values import positive

UNKNOWN = 3
"""The exit code where there is no forecast: it is no data."""

_DESCRIPTION = """\
Forecasts what so many sessions would cost, if they are like those of a stored run: in all, for a
session on average, and by model, each with its interval at 95 %. The sessions of the run are taken
for a sample of those to come; one that was run in several scenarios counts as one.

They are of the scenarios that inject nothing, as they were run, unless --scenario or --mix says
otherwise. Where a model has no price there is no forecast, and the exit code is 3."""

_EXAMPLES = """\
  evalkit forecast latest --sessions 10000
  evalkit forecast latest --sessions 10000 --scenario crm-slow
  evalkit forecast latest --sessions 10000 --mix happy-path=95%,crm-slow=5%"""


def _mix(text: str) -> dict[str, float]:
    """The shares of scenarios written as `happy-path=95%,crm-slow=5%`."""
    from evalkit.units import parse_share

    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = (each.strip() for each in part.rpartition("="))
        if not name or name in shares:
            wrong = "is there twice" if name else "is no SCENARIO=SHARE, like crm-slow=5%"
            raise argparse.ArgumentTypeError(f"{part.strip()!r} {wrong}")
        try:
            shares[name] = parse_share(share)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return shares


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", help="the folder of a run, its id, the start of its id, or `latest`"
    )
    parser.add_argument(
        "--sessions", metavar="N", type=positive, required=True, help="how many sessions"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--scenario", metavar="NAME", help="all of them like those of a scenario")
    which.add_argument(
        "--mix",
        metavar="NAME=SHARE,…",
        type=_mix,
        help="shares of scenarios, which add up to 100%%",
    )
    kept_in(parser)
    parser.add_argument("--json", action="store_true", help="print the forecast as JSON")


def _action(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from evalkit import api
    from evalkit.report.forecast import print_forecast

    found = api.forecast(
        args.run, sessions=args.sessions, scenario=args.scenario, mix=args.mix, out=args.out
    )
    if args.json:
        import json

        print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    else:
        print_forecast(found, sys.stdout)
    return UNKNOWN if found.total is None else 0


COMMAND = Command(
    name="forecast",
    summary="what so many sessions would cost",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
