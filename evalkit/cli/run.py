"""`evalkit run`: run suites and judge them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, TextIO

from evalkit.cli.command import Command
from evalkit.cli.pages import Pages
from evalkit.cli.run_options import add_options

if TYPE_CHECKING:
    from evalkit.api.driving import Listener
    from evalkit.store import Run

_DESCRIPTION = """\
Runs the suites at the given paths (a folder is searched for *.eval.yaml files) and judges them.
The sessions are replayed through the agent in a simulated world: waiting costs nothing, and the
same seed gives the same run; --live runs them in real time, over real sockets. What was measured
is kept in a folder of its own under DIR."""

_EXAMPLES = """\
  evalkit run scenarios/support
  evalkit run scenarios --scenario "crm-*" --workers 4
  evalkit run scenarios/support --scenario crm-slow --session s-003 --seed 7
  evalkit run scenarios/support --agent candidate/agent.py:agent
  evalkit run scenarios/support --twice
  evalkit run scenarios/support --stop-early
  evalkit run scenarios/support --baseline scenarios/support/support.baseline.json
  evalkit run scenarios --base origin/main
  evalkit run --resume latest
  evalkit run scenarios/support --json > run.json"""


def _action(args: argparse.Namespace) -> int:
    from evalkit.engine.ahead import ahead
    from evalkit.errors import UsageError

    if not args.paths and args.resume is None:
        raise UsageError("which suite? give the path of one, or of a folder of suites")
    with ahead():  # the imports that follow take about as long as its own
        return _reported(args)


def _reported(args: argparse.Namespace) -> int:
    """Run what was asked for, tell of it, and give the exit code."""
    from evalkit import api
    from evalkit.report.closing import print_closing
    from evalkit.report.progress import progress_on
    from evalkit.store import to_json

    with Pages() as pages:
        with progress_on(sys.stderr) as progress:
            # What is held against another commit has notes added once it is judged.
            beside = args.report and args.base is None
            runs = _runs(args, pages.beside(progress) if beside else progress)
        stream = sys.stderr if args.json else sys.stdout
        for run in runs:
            print_closing(run, stream)
            if args.report:
                _report(run, pages, stream)
            if args.json:
                print(to_json(run.record))
    return api.exit_code_of(runs)


def _runs(args: argparse.Namespace, progress: Listener) -> tuple[Run, ...]:
    from evalkit import api
    from evalkit.api.branching import run_against
    from evalkit.errors import UsageError
    from evalkit.gate.baseline import Tolerance

    options: dict[str, Any] = {
        "scenario": args.scenario,
        "session": args.session,
        "seed": args.seed,
        "agent": args.agent,
        "workers": args.workers,
        "out": args.out,
        "twice": args.twice,
        "controls": args.controls,
        "live": args.live,
        "stop_early": args.stop_early,
        "dask": args.dask,
        "tolerance": Tolerance(share=args.tolerance),
        "listener": progress,
    }
    if args.base is None:
        return api.run(args.paths, resume=args.resume, baseline=args.baseline, **options)
    if args.baseline is not None or args.resume is not None:
        raise UsageError("--base runs what it compares with: leave out --baseline and --resume")
    return run_against(args.paths, args.base, **options)


def _report(run: Run, pages: Pages, stream: TextIO) -> None:
    """Say where the report of a run is. The verdict stands if it could not be written."""
    from evalkit.errors import UsageError

    try:
        path = pages.of(run)
    except UsageError as error:
        print(f"evalkit: {error}", file=sys.stderr)
    else:
        print(f"  report  {path}", file=stream)


COMMAND = Command(
    name="run",
    summary="run suites and judge them",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=add_options,
    action=_action,
)
