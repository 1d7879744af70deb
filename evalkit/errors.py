"""The error tree. Every error carries the exit code of the CLI and, where there is one, a hint.

EvalkitError            5  an internal error of evalkit
├── UsageError          2  the command or call was wrong
│   └── SuiteError      2  a suite or mock definition was wrong; holds every mistake found
├── StartError          4  the agent or the world could not be started
├── DeadlockError       5  every task of a world waits for what never comes
└── RefusedInWorld      5  the agent did what a simulated world cannot carry (also an OSError)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalkit.suite.problems import Problem


class EvalkitError(Exception):
    """Base of all errors of evalkit. `hint` says what to do about it, in one sentence."""

    exit_code: ClassVar[int] = 5

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class UsageError(EvalkitError):
    """The command line or a call of the API was wrong."""

    exit_code = 2


class SuiteError(UsageError):
    """A suite, mock definition or payload file was wrong. `problems` holds every mistake found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n\n".join(str(problem) for problem in self.problems))


class StartError(EvalkitError):
    """The agent or the world could not be started."""

    exit_code = 4


class DeadlockError(EvalkitError):
    """Every task of a world waits for what never comes. It says where."""


class RefusedInWorld(EvalkitError, OSError):
    """The agent tried what a simulated world cannot carry: a blocking socket, a child process.

    It is an `OSError` too, because that is what the refused call is documented to raise.
    """
