"""The command line: finds the command, runs it, and turns what it raises into an exit code.

Nothing heavy is imported before a command runs, so that `evalkit --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from evalkit import __version__
from evalkit.cli import (
    annotate,
    ask,
    baseline,
    checks,
    comment,
    compare,
    contract,
    coverage,
    diff,
    explain,
    export,
    faults,
    forecast,
    gate,
    history,
    load,
    mcp_stdio,
    metrics,
    mocks,
    privileges,
    reference,
    report,
    run,
    schema,
    show,
    validate,
)
from evalkit.cli import open as opening
from evalkit.cli.command import Command, Formatter
from evalkit.errors import EvalkitError, SuiteError
from evalkit.inherited import without_plugins

COMMANDS: tuple[Command, ...] = (
    run.COMMAND,
    validate.COMMAND,
    show.COMMAND,
    opening.COMMAND,
    report.COMMAND,
    gate.COMMAND,
    forecast.COMMAND,
    explain.COMMAND,
    diff.COMMAND,
    baseline.COMMAND,
    compare.COMMAND,
    history.COMMAND,
    ask.COMMAND,
    export.COMMAND,
    annotate.COMMAND,
    comment.COMMAND,
    contract.COMMAND,
    coverage.COMMAND,
    privileges.COMMAND,
    faults.COMMAND,
    checks.COMMAND,
    metrics.COMMAND,
    reference.COMMAND,
    schema.COMMAND,
    mcp_stdio.COMMAND,
    mocks.COMMAND,
    load.COMMAND,
)
INTERRUPTED = 130
BROKEN_PIPE = 141
INTERNAL = 5

_DESCRIPTION = """\
Tests an AI agent the way production will treat it: replays sessions through it in a simulated
world whose services fail, and ends in a verdict that can block a merge."""

_EPILOG = """\
exit codes:
  0    pass
  1    fail
  2    the command or a suite file is wrong
  3    inconclusive, or no data to judge
  4    the agent or its world could not be started
  5    an internal error of evalkit
  130  interrupted; what was measured is kept

`evalkit COMMAND --help` says more about a command, with examples."""


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="evalkit", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=Formatter
    )
    parser.add_argument("--version", action="version", version=f"evalkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    _print_whatever_the_encoding()
    try:
        args = make_parser().parse_args(argv)
        with without_plugins():
            code: int = args.action(args)
        sys.stdout.flush()
    except SystemExit as error:  # argparse has printed what there is to say
        return error.code if isinstance(error.code, int) else 2
    except KeyboardInterrupt:
        print("evalkit: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except EvalkitError as error:
        return _failed(error)
    except Exception as error:
        return _crashed(error)
    return code


def _print_whatever_the_encoding() -> None:
    """A terminal that cannot show a sign shows a `?`, which is no reason to fall over."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _nobody_reads() -> int:
    """What reads our output has closed it. Python would complain once more when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _failed(error: EvalkitError) -> int:
    if error.exit_code == INTERNAL:
        return _crashed(error)
    print(f"evalkit: {error}" if not isinstance(error, SuiteError) else error, file=sys.stderr)
    if isinstance(error, SuiteError) and len(error.problems) > 1:
        print(f"\nevalkit: {len(error.problems)} mistakes; nothing was run", file=sys.stderr)
    return error.exit_code


def _crashed(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    print(
        f"\nevalkit {__version__}: this is an error of evalkit itself, not of your agent. "
        "Please report it with the lines above.",
        file=sys.stderr,
    )
    return INTERNAL
