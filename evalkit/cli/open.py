"""`evalkit open`: look at the HTML report of a stored run in a browser."""

from __future__ import annotations

import argparse

from evalkit.cli.command import Command, kept_in, stored_run

_DESCRIPTION = """\
Opens the HTML report of a stored run in a browser, and writes it first where there is none. Where
there is no browser, its path is printed all the same."""

_EXAMPLES = """\
  evalkit open latest
  evalkit open reports/support-20260105T090000Z-3fa2"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    stored_run(parser)
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    import sys
    import webbrowser

    from evalkit import api

    run = api.load_run(args.run, out=args.out)
    path = run.folder / "index.html"
    if not path.is_file():
        path, _ = api.report(run)
    print(path)
    if not webbrowser.open(path.resolve().as_uri()):
        print("no browser could be started: open the file above in one", file=sys.stderr)
    return 0


COMMAND = Command(
    name="open",
    summary="look at the HTML report of a stored run in a browser",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
