"""How the behaviour of one session changed between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What changed. Where several begin at one moment, the earlier of these comes first."""

    INPUTS = "inputs"
    TURNS = "turns"
    REQUESTS = "requests"
    CALLS = "calls"
    ORDER = "order"
    FAULTS = "faults"
    REPLIES = "replies"
    RETRIES = "retries"
    EFFECTS = "effects"
    ANSWERS = "answers"
    FINDINGS = "findings"
    ENDS = "ends"


ABOUT: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.INPUTS: "what the agent was given as the input of a turn",
        Kind.TURNS: "a turn was begun in one run only",
        Kind.REQUESTS: "the same operation was asked for something else",
        Kind.CALLS: "a call was made in one run only",
        Kind.ORDER: "calls were made one after the other in the other order",
        Kind.FAULTS: "a call met other faults",
        Kind.REPLIES: "a call was answered differently",
        Kind.RETRIES: "a call was attempted more often or less often",
        Kind.EFFECTS: "a service committed other changes",
        Kind.ANSWERS: "the agent replied differently to a turn",
        Kind.FINDINGS: "the checks found something else",
        Kind.ENDS: "the session ended differently",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a session did differently in the second of two runs.

    `what` names it, `first` and `second` say how it was in each run, and `where` is the place in a
    request or reply. `at` is when it began, in nanoseconds since the session's start, in the first
    run where it has it. `calls` are the numbers of the calls it is about, in each run.
    """

    kind: Kind
    at: int
    turn: int | None
    what: str
    first: str
    second: str
    where: str | None = None
    calls: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChanges:
    """What changed in a session, in order of time. No session means calls that belong to none."""

    scenario: str
    session: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two runs of a suite did differently.

    `compared` counts the sessions that both have. `only_first` and `only_second` hold pairs of
    scenario and session; `notes` say what to bear in mind.
    """

    compared: int
    changed: tuple[SessionChanges, ...] = ()
    only_first: tuple[tuple[str, str], ...] = ()
    only_second: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both have the same sessions, and these did the same."""
        return not (self.changed or self.only_first or self.only_second)
