"""`evalkit load`: put a suite under load."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import TYPE_CHECKING, NoReturn

from evalkit.cli.command import Command
from evalkit.cli.load_options import add_options

if TYPE_CHECKING:
    from evalkit.load.choosing import LoadChoice

_DESCRIPTION = """\
Puts a suite whose agent is served over HTTP (`asgi` or `http`) under load: Locust's users replay
its sessions, over and over, with the time that users think. Mocks, agent and Locust are processes
of their own. The latencies are exact and in real time; checks, gates, report and exit codes are
those of a run.

Those who prefer to start Locust themselves, with all that it can do:
  locust -f "$(evalkit load --locustfile)" --suite shop.eval.yaml"""

_EXAMPLES = """\
  evalkit load shop.eval.yaml --users 200 --spawn-rate 20 --run-time 5min
  evalkit load shop.eval.yaml --users 500 --arrival 20/s --run-time 2min
  evalkit load shop.eval.yaml --profile monday --web 8089
  evalkit load shop.eval.yaml --scenario crm-outage --users 50 --processes 2
  evalkit load shop.eval.yaml --users 50 --locust "--csv figures --html locust.html"
  evalkit load shop.eval.yaml --users 5000 --master --workers 2
  evalkit load --worker --region eu
  evalkit load --locustfile"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.errors import UsageError
    from evalkit.load.workers import LOCUSTFILE

    if args.locustfile:
        print(LOCUSTFILE)
        return 0
    if args.worker is not None:
        _be_worker(args)
    if args.paths is None:
        raise UsageError("which suite? name its file")
    _refuse_together(args)
    return _loaded(args)


def _refuse_together(args: argparse.Namespace) -> None:
    """Refuse options that mean nothing beside others."""
    from evalkit.errors import UsageError

    amount = (args.users, args.spawn_rate, args.run_time)
    if args.profile is not None and any(each is not None for each in amount):
        raise UsageError(
            "a profile says how many users there are and for how long: leave out the rest"
        )
    if args.region is not None:
        raise UsageError("--region is for a --worker; those of sessions are in the suite")
    if args.workers is not None and args.master is None:
        raise UsageError("--workers is for a --master; processes of this machine: --processes")
    if args.master is not None and args.processes > 1:
        raise UsageError("a master has no users of its own: leave out --processes")
    locust = (args.users, args.spawn_rate, args.profile, args.master, args.web)
    others = any(each is not None for each in locust) or args.locust or args.processes > 1
    if args.desk is not None and others:
        raise UsageError("with --desk it is Locust's command line that says how many users come")


def _be_worker(args: argparse.Namespace) -> NoReturn:
    """Become Locust's worker."""
    from evalkit.errors import UsageError
    from evalkit.load.workers import REGION, worker_command

    if args.paths is not None or args.master is not None or args.desk is not None:
        raise UsageError("a worker is told all by its master: leave out the suite and the rest")
    host, port = args.worker
    words = worker_command(host, port, args.processes) + tuple(shlex.split(args.locust))
    region = {} if args.region is None else {REGION: args.region}
    os.execve(words[0], words, {**os.environ, **region})


def _choice(args: argparse.Namespace) -> LoadChoice:
    from evalkit.load.choosing import DEFAULT_USERS, LoadChoice, Spread
    from evalkit.units import MINUTE

    return LoadChoice(
        users=args.users or DEFAULT_USERS,
        spawn_rate=args.spawn_rate,
        run_time=args.run_time or (MINUTE if args.desk is None else None),
        arrival=args.arrival,
        processes=args.processes,
        extra=tuple(shlex.split(args.locust)),
        early=args.early,
        web=args.web,
        spread=Spread(
            master=args.master,
            workers=args.workers or 1,
            desk=args.desk,
            services=args.services_port or 0,
        ),
    )


def _loaded(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.load.running import load
    from evalkit.report.closing import print_closing
    from evalkit.report.progress import progress_on
    from evalkit.store import to_json

    with progress_on(sys.stderr) as progress:
        run = load(
            [args.paths],
            _choice(args),
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

    words = [str(args.paths)]
    words += [] if args.profile is None else ["--profile", args.profile]
    words += [] if args.users is None else ["--users", str(args.users)]
    words += [] if args.run_time is None else ["--run-time", format_duration(args.run_time)]
    words += [] if args.spawn_rate is None else ["--spawn-rate", f"{args.spawn_rate:g}"]
    words += [] if args.arrival is None else ["--arrival", format_rate(args.arrival)]
    words += [] if args.scenario is None else ["--scenario", args.scenario]
    words += [] if args.seed is None else ["--seed", str(args.seed)]
    words += [] if args.early else ["--to-the-end"]
    words += ["--processes", str(args.processes)] if args.processes > 1 else []
    for name in ("master", "desk"):
        at = getattr(args, name)
        words += [] if at is None else [f"--{name}", f"{at[0]}:{at[1]}"]
    words += [] if args.workers is None else ["--workers", str(args.workers)]
    words += [] if args.services_port is None else ["--services-port", str(args.services_port)]
    return (*words, *(["--locust", args.locust] if args.locust else []))


COMMAND = Command(
    name="load",
    summary="put a suite under load",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=add_options,
    action=_action,
)
