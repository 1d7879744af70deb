"""What a command of the command line is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help that keeps the line breaks of descriptions and is never wider than 90 columns."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{"max_help_position": 26, **settings})
        self._width = min(self._width, 90)
        self._action_max_length = 14  # argparse leaves out the indent of commands when it measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: its name, what it says of itself, its arguments, and what it does."""

    name: str
    summary: str
    description: str
    examples: str
    arguments: Callable[[argparse.ArgumentParser], None]
    action: Callable[[argparse.Namespace], int]

    def add_to(self, commands: Subparsers) -> None:
        """Make the command known to the command line."""
        parser = commands.add_parser(
            self.name,
            help=self.summary,
            description=self.description,
            epilog=f"examples:\n{self.examples}",
            formatter_class=Formatter,
        )
        self.arguments(parser)
        parser.set_defaults(action=self.action)


def stored_run(parser: argparse.ArgumentParser, name: str = "run") -> None:
    """The argument that names a stored run."""
    text = "the folder of a run, its id, the start of its id, or `latest`"
    parser.add_argument(name, metavar="RUN", help=text)


def kept_in(parser: argparse.ArgumentParser) -> None:
    """The option that says where runs are kept."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("reports"),
        help="where runs are kept (default: %(default)s)",
    )


def nothing(parser: argparse.ArgumentParser) -> None:
    """The arguments of a command that takes none."""
    del parser


def what_is_told(parser: argparse.ArgumentParser) -> None:
    """What a command that runs suites leaves behind and prints."""
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="do not write the HTML report into the run's folder",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the record of each run as JSON, and all else to stderr",
    )


def seed(parser: argparse.ArgumentParser) -> None:
    """The option for the seed of a run."""
    parser.add_argument(
        "--seed",
        metavar="S",
        type=int,
        help="what all that is drawn depends on (default: the suite's seed)",
    )
