"""`evalkit baseline`: keep what a run came to, for later runs to be held against."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
`evalkit baseline accept RUN` writes what a run came to into one sorted file, fit for review and
git: per session how it ended, its figures and the steps it took. From then on
`evalkit run SUITE --baseline FILE` fails where a run is worse, and says which sessions changed.

A run that is not complete, or of a part of its suite only, is refused. A scenario of fewer than
five sessions cannot show that it got worse: see `evalkit compare --help`."""

_EXAMPLES = """\
  evalkit baseline accept latest
  evalkit baseline accept support-20260105T090000Z-3fa2 --to baselines/support.baseline.json"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("accept",), metavar="accept", help="write the baseline")
    stored_run(parser)
    parser.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        help="where to write it (default: SUITE.baseline.json beside the suite)",
    )
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api

    path = api.accept_baseline(args.run, args.to, out=args.out)
    print(f"wrote {path}")
    print(f"compare with it: evalkit run SUITE --baseline {path}", file=sys.stderr)
    return 0


COMMAND = Command(
    name="baseline",
    summary="keep what a run came to, to compare later ones with",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
