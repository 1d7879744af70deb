"""`evalkit gate`: judge a stored run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Judges a stored run again, without running anything: by the gates of its suite file as it is now
(or those recorded, where that file is gone), or by those of a file:

  gates:                       # of the scenarios that inject nothing
    - p95(turn.latency) < 2s
  scenarios:
    crm-slow:
      gates: [rate(session.recovered) > 99% @ 95%]

Gates of a file take the place of all that the run was judged by. What checks found and what faults
came to stays as it was recorded. Nothing is written unless --write is given. The exit code is that
of the verdict."""

_EXAMPLES = """\
  evalkit gate latest
  evalkit gate latest --gates strict.yaml
  evalkit gate support-20260105T090000Z-3fa2 --json > judged.json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser)
    parser.add_argument("--gates", metavar="FILE", type=Path, help="a YAML file of gates")
    parser.add_argument(
        "--write", action="store_true", help="put the new verdict into the run's record"
    )
    kept_in(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the record as JSON, and all else to stderr"
    )


def _action(args: argparse.Namespace) -> int:
    from evalkit import api
    from evalkit.report.closing import print_closing
    from evalkit.store import to_json

    run = api.judge_again(args.run, gates=args.gates, out=args.out, write=args.write)
    print_closing(run, sys.stderr if args.json else sys.stdout)
    if args.json:
        print(to_json(run.record))
    return api.exit_code_of([run])


COMMAND = Command(
    name="gate",
    summary="judge a stored run again, by these gates or others",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
