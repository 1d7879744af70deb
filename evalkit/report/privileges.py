"""What an agent did where, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from evalkit.checks.privileges import Privilege, Privileges, covers, each_of


class Reviewed(Protocol):
    """What was used, and what people had accepted."""

    @property
    def path(self) -> Path:
        """The file with the list."""
        ...

    @property
    def used(self) -> Privileges:
        """What was used."""
        ...

    @property
    def accepted(self) -> Privileges | None:
        """What was accepted; None where there is no list."""
        ...

    @property
    def new(self) -> tuple[Privilege, ...]:
        """What was used and not accepted."""
        ...

    @property
    def unused(self) -> tuple[Privilege, ...]:
        """What was accepted and not used."""
        ...


def privilege_lines(reviewed: Reviewed) -> Iterator[str]:
    """Everything that was used: what is new is marked with +, what nobody used any more with -."""
    accepted = reviewed.accepted
    for each in each_of(reviewed.used):
        known = accepted is None or covers(accepted, each)
        yield f"{' ' if known else '+'} {each}"
    yield from (f"- {each}" for each in reviewed.unused)
    yield ""
    if accepted is None:
        yield f"there is no reviewed list yet ({reviewed.path}): evalkit privileges accept"
    elif reviewed.new:
        yield f"not accepted: {_count(reviewed.new)}; accept with: evalkit privileges accept"
    elif reviewed.unused:
        yield f"all of it is accepted ({reviewed.path}); not used: {_count(reviewed.unused)}"
    else:
        yield f"all of it is accepted ({reviewed.path})"


def change_lines(reviewed: Reviewed) -> Iterator[str]:
    """What the list has now that it had not, and what it has no more."""
    yield from (f"+ {each}" for each in reviewed.new)
    yield from (f"- {each}" for each in reviewed.unused)
    if not reviewed.new and not reviewed.unused:
        yield "nothing has changed"
    yield f"{reviewed.path} is written; commit it once somebody has looked at it"


def _count(privileges: Sequence[Privilege]) -> str:
    return f"{len(privileges)} privilege{'s' * (len(privileges) != 1)}"
