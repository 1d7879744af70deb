"""The options of `evalkit run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from evalkit.cli.command import kept_in, seed, what_is_told
from evalkit.cli.compare import tolerance
from evalkit.cli.values import positive


def add_options(parser: argparse.ArgumentParser) -> None:
    """All of them."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", type=Path, help="a suite file, or a folder of suites"
    )
    _add_choice(parser)
    _add_manner(parser)
    _add_comparisons(parser)
    what_is_told(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """What of the suites is run."""
    parser.add_argument(
        "--scenario", metavar="GLOB", help="run only the scenarios whose name matches"
    )
    parser.add_argument("--session", metavar="ID", help="run only this session")
    seed(parser)
    parser.add_argument(
        "--agent",
        metavar="FILE.py:NAME",
        help="run this agent in the place of the Python agent that a suite names (its file from "
        "here, or module:NAME), with all else that the suite says of its own",
    )
    parser.add_argument(
        "--resume",
        metavar="RUN",
        help="go on with a run that was killed or interrupted (its folder, its id, or `latest`); "
        "refused where what it is made of has changed",
    )


def _add_manner(parser: argparse.ArgumentParser) -> None:
    """How they are run."""
    parser.add_argument(
        "--workers",
        metavar="N",
        type=positive,
        help="processes at a time (default: one per core); the results do not depend on it",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        default=None,
        help="run against real processes over real sockets in real time; the default where the "
        "suite says `mode: live` or its agent is `http` or `command`",
    )
    parser.add_argument(
        "--stop-early",
        action="store_true",
        help="end a scenario, which then fails, as soon as a gate on its completed or failed "
        "sessions, or on a percentile of their latency, is lost for certain",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="run the simulated cells on the Dask cluster of this scheduler (extra `dask`), which "
        "needs the suite at the same path and the same libraries; the results are the same",
    )
    kept_in(parser)


def _add_comparisons(parser: argparse.ArgumentParser) -> None:
    """What they are compared with."""
    parser.add_argument(
        "--twice",
        action="store_true",
        help="run everything twice and fail where the second run differs, naming the first event",
    )
    parser.add_argument(
        "--no-control",
        dest="controls",
        action="store_false",
        help="do not run sessions of faulty scenarios without faults as well, to compare",
    )
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="fail where the run is worse than this baseline (see `evalkit baseline`) or run",
    )
    parser.add_argument(
        "--base",
        metavar="COMMIT",
        help="run each suite as it is at this commit (a branch, a tag, a hash) as well, with the "
        "agent that it names there, and fail where it is worse now",
    )
    tolerance(parser)
