"""`evalkit load`: put a suite under load."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from evalkit.cli.command import Command, kept_in, positive

_DESCRIPTION = """\
Puts a suite whose agent is served over HTTP under load: Locust's users replay its sessions, over
and over, with the time that users think. Mocks, agent and Locust are processes of their own. The
latencies are exact and in real time; checks, gates, report and exit codes are those of a run."""

_EXAMPLES = """\
  evalkit load shop.eval.yaml --users 200 --spawn-rate 20 --run-time 5min
  evalkit load shop.eval.yaml --users 500 --arrival 20/s --run-time 2min
  evalkit load shop.eval.yaml --profile monday --web 8089
  evalkit load shop.eval.yaml --scenario crm-outage --users 50 --processes 2
  evalkit load shop.eval.yaml --users 50 --locust "--csv figures --html locust.html\""""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs=1, metavar="SUITE", type=Path, help="the suite file")
    parser.add_argument(
        "--users",
        metavar="N",
        type=positive,
        help="users at a time (default: 10)",
    )
    parser.add_argument(
        "--spawn-rate", metavar="R", type=_rate, help="users that come in a second (default: all)"
    )
    parser.add_argument(
        "--run-time",
        metavar="T",
        type=_duration,
        help="how long sessions are begun, like 90s or 10min (default: 1min); those under way "
        "then have 30 s to end",
    )
    parser.add_argument(
        "--arrival",
        metavar="RATE",
        type=_arrival,
        help="open arrivals, like 20/s: sessions begin whether or not others have ended, as far "
        "as there are users (default: as the suite says; else users take one after another)",
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="a profile of the suite's `load:`, in place of --users, --spawn-rate and --run-time",
    )
    _add_manner(parser)


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
    parser.add_argument("--seed", metavar="S", type=int, help="what all that is drawn depends on")
    parser.add_argument(
        "--processes", metavar="P", type=positive, default=1, help="processes of Locust"
    )
    parser.add_argument(
        "--web", metavar="PORT", type=positive, help="serve Locust's pages on loopback meanwhile"
    )
    parser.add_argument("--locust", metavar="ARGS", default="", help="what else Locust is told")
    kept_in(parser)
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="do not write the HTML report into the run's folder",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the record of the run as JSON, and all else to stderr",
    )


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return number


def _duration(text: str) -> int:
    from evalkit.units import parse_duration

    try:
        found = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to run for")
    return found


def _arrival(text: str) -> float:
    from evalkit.units import parse_rate

    try:
        found = parse_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} lets nothing arrive")
    return found


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.errors import UsageError
    from evalkit.load.choosing import DEFAULT_USERS, LoadChoice
    from evalkit.load.running import load
    from evalkit.report.closing import print_closing
    from evalkit.report.progress import progress_on
    from evalkit.store import to_json
    from evalkit.units import MINUTE

    given = (args.users, args.spawn_rate, args.run_time)
    if args.profile is not None and any(each is not None for each in given):
        raise UsageError(
            "a profile says how many users there are and for how long: leave out the rest"
        )
    choice = LoadChoice(
        users=args.users or DEFAULT_USERS,
        spawn_rate=args.spawn_rate,
        run_time=args.run_time or MINUTE,
        arrival=args.arrival,
        processes=args.processes,
        extra=tuple(shlex.split(args.locust)),
        early=args.early,
        web=args.web,
    )
    with progress_on(sys.stderr) as progress:
        run = load(
            args.paths,
            choice,
            profile=args.profile,
            scenario=args.scenario,
            seed=args.seed,
            out=args.out,
            listener=progress,
            words=_words(args),
        )
    stream = sys.stderr if args.json else sys.stdout
    print_closing(run, stream)
    if args.report:
        path, _ = api.report(run)
        print(f"  report  {path}", file=stream)
    if args.json:
        print(to_json(run.record))
    return api.exit_code_of([run])


def _words(args: argparse.Namespace) -> tuple[str, ...]:
    """The command line that does the same again."""
    from evalkit.units import format_duration, format_rate

    words = [str(args.paths[0])]
    words += [] if args.profile is None else ["--profile", args.profile]
    words += [] if args.users is None else ["--users", str(args.users)]
    words += [] if args.run_time is None else ["--run-time", format_duration(args.run_time)]
    words += [] if args.spawn_rate is None else ["--spawn-rate", f"{args.spawn_rate:g}"]
    words += [] if args.arrival is None else ["--arrival", format_rate(args.arrival)]
    words += [] if args.scenario is None else ["--scenario", args.scenario]
    words += [] if args.seed is None else ["--seed", str(args.seed)]
    words += [] if args.early else ["--to-the-end"]
    words += ["--processes", str(args.processes)] if args.processes > 1 else []
    return (*words, *(["--locust", args.locust] if args.locust else []))


COMMAND = Command(
    name="load",
    summary="put a suite under load",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
