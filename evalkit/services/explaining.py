"""What a service's definition makes of a request: every route or rule it tried, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from evalkit.wire import Request


@dataclass(frozen=True, slots=True)
class Tried:
    """A route or rule, by the name it goes by in the journal. `differs` is the first thing that
    kept it from answering; None where nothing did. `wants` lists all that it asks for.
    """

    name: str
    differs: str | None
    wants: tuple[str, ...] = ()


@runtime_checkable
class Explains(Protocol):
    """A service that can tell what it makes of a request."""

    def explain(self, request: Request) -> Sequence[Tried]:
        """What it tries, in order, up to what answers."""
        ...
