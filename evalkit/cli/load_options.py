"""The options of `evalkit load`."""

from __future__ import annotations

import argparse
from pathlib import Path

from evalkit.cli.command import kept_in, seed, what_is_told
from evalkit.cli.values import above_zero, address_like, arrival, duration, positive

MASTER_AT = "127.0.0.1:5557"
"""Where Locust's master listens, and is looked for."""

_ADDRESS = address_like(MASTER_AT)


def add_options(parser: argparse.ArgumentParser) -> None:
    """All of them."""
    parser.add_argument("paths", nargs="?", metavar="SUITE", type=Path, help="the suite file")
    _add_amount(parser)
    _add_manner(parser)
    _add_spread(parser)
    _add_desk(parser)
    kept_in(parser)
    what_is_told(parser)


def _add_amount(parser: argparse.ArgumentParser) -> None:
    """How much load, for how long."""
    parser.add_argument(
        "--users",
        metavar="N",
        type=positive,
        help="users at a time (default: 10)",
    )
    parser.add_argument(
        "--spawn-rate",
        metavar="R",
        type=above_zero,
        help="users that come in a second (default: all)",
    )
    parser.add_argument(
        "--run-time",
        metavar="T",
        type=duration,
        help="how long sessions are begun, like 90s or 10min (default: 1min); those under way "
        "then have 30 s to end",
    )
    parser.add_argument(
        "--arrival",
        metavar="RATE",
        type=arrival,
        help="open arrivals, like 20/s: sessions begin whether or not others have ended, as far "
        "as there are users (default: as the suite says; else users take one after another)",
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="a profile of the suite's `load:`, in place of --users, --spawn-rate and --run-time",
    )


def _add_manner(parser: argparse.ArgumentParser) -> None:
    """How it is run, and what is told."""
    parser.add_argument(
        "--scenario",
        metavar="NAME",
        help="the scenario to run (default: as the profile says, or the first that injects "
        "nothing); windows of faults count from the beginning of the load",
    )
    parser.add_argument(
        "--to-the-end",
        dest="early",
        action="store_false",
        help="go on when a gate is lost for certain, which else ends the test",
    )
    seed(parser)
    parser.add_argument(
        "--web", metavar="PORT", type=positive, help="serve Locust's pages on loopback meanwhile"
    )
    parser.add_argument("--locust", metavar="ARGS", default="", help="what else Locust is told")


def _add_spread(parser: argparse.ArgumentParser) -> None:
    """Where the users are."""
    parser.add_argument(
        "--processes", metavar="P", type=positive, default=1, help="processes of Locust"
    )
    parser.add_argument(
        "--master",
        nargs="?",
        const=MASTER_AT,
        metavar="HOST:PORT",
        type=_ADDRESS,
        help=f"wait for workers, which make the users (default: at {MASTER_AT}); beyond loopback "
        "they need the same EVALKIT_LOAD_TOKEN in their environment",
    )
    parser.add_argument(
        "--workers", metavar="N", type=positive, help="with --master: how many to wait for"
    )
    parser.add_argument(
        "--worker",
        nargs="?",
        const=MASTER_AT,
        metavar="HOST:PORT",
        type=_ADDRESS,
        help="be a worker of the master at this address, without a suite",
    )
    parser.add_argument(
        "--region", metavar="NAME", help="with --worker: the region that its users are in"
    )


def _add_desk(parser: argparse.ArgumentParser) -> None:
    """What those need who start Locust themselves."""
    parser.add_argument(
        "--desk",
        metavar="HOST:PORT",
        type=_ADDRESS,
        help="start no Locust, but give out turns to one that somebody else starts with "
        '`locust -f "$(evalkit load --locustfile)" --desk HOST:PORT`',
    )
    parser.add_argument(
        "--services-port",
        metavar="PORT",
        type=positive,
        help="the port of the suite's first service, the next for the others (default: free ones)",
    )
    parser.add_argument(
        "--locustfile", action="store_true", help="print where the file is that Locust runs"
    )
