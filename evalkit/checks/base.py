"""What every check is: a name, what it looks for, and the findings it makes of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

from evalkit.checks.privileges import Privileges
from evalkit.journal.records import End, Finding, Severity
from evalkit.journal.views import CallView, JournalView, SessionView
from evalkit.suite.model import ServiceUse
from evalkit.suite.parts import Part
from evalkit.suite.sessions import SessionRecord
from evalkit.units import MINUTE

Cost: TypeAlias = Callable[[CallView], Decimal | None]
"""What a call of a model cost in US dollars; None where that is unknown."""


Keyed: TypeAlias = Callable[[str], frozenset[str]]
"""The effects of a service, by name, for which it knows an idempotency key."""


def nothing_keyed(service: str) -> frozenset[str]:
    """The effects that know a key where nothing is said of services."""
    del service
    return frozenset()


def unknown_cost(call: CallView) -> None:
    """What a call cost where there are no prices."""
    del call


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a check may know beside the journal.

    `services` are what the suite declares about its services, `kinds` what they are (`rest`,
    `openai`, …) and `models` those of them that are models, all by name. `sessions` are the records
    that are replayed, by the id of the session, and `sensitive` the names of their variables that
    are to be kept secret. `privileges` are those that people have accepted, if they have. The
    deadlines of a session and of a turn are in nanoseconds.
    """

    services: Mapping[str, ServiceUse] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    models: frozenset[str] = frozenset()
    sessions: Mapping[str, SessionRecord] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    privileges: Privileges | None = None
    scenario: str = ""
    expected_ends: frozenset[End] = frozenset()
    deadline: int = 10 * MINUTE
    turn_deadline: int = 2 * MINUTE
    cost: Cost = unknown_cost
    keyed: Keyed = nothing_keyed


class Check:
    """An oracle over the journal. It reads sessions, and the world for what belongs to none.

    A check that can be configured names a model of its settings, and finds them in
    `self.settings`:

        class Limits(Part):
            turns: Count = Field(20, description="Turns that a session may have")

        class NoRunaway(Check):
            name = "no-runaway"
            about = "a session went on without end"
            Settings = Limits
            settings: Limits

    In a suite: `no-runaway`, or `no-runaway: {turns: 10}`. It is made anew for every cell, so what
    it keeps of one session it finds at the next.
    """

    name: ClassVar[str]
    """How suites and findings name it."""

    about: ClassVar[str]
    """What it finds, in one line."""

    severity: ClassVar[Severity] = Severity.VIOLATION

    standard: ClassVar[bool] = True
    """Whether it is one of `standard`, unless it cannot do without settings."""

    Settings: ClassVar[type[Part] | None] = None
    """What can be set; the fields are the YAML."""

    example: ClassVar[str | None] = None
    """How it is written in a suite, on one line; None where its name says all."""

    settings: Any

    def __init__(self, settings: Part | None = None) -> None:
        """Raises pydantic's `ValidationError` where it needs settings and is given none."""
        if settings is None and self.Settings is not None:
            settings = self.Settings()
        self.settings = settings

    @classmethod
    def needs(cls) -> tuple[str, ...]:
        """The settings that it cannot do without."""
        fields = {} if cls.Settings is None else cls.Settings.model_fields
        return tuple(each.alias or name for name, each in fields.items() if each.is_required())

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The findings of one session."""
        del session, facts
        return ()

    def of_world(self, view: JournalView, facts: Facts) -> Iterable[Finding]:
        """The findings that belong to no session."""
        del view, facts
        return ()

    def finding(
        self,
        message: str,
        *,
        at: int,
        session: str | None = None,
        turn: int | None = None,
        calls: tuple[int, ...] = (),
        expected: str | None = None,
        seen: str | None = None,
        hint: str | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this check, as severe as the check is unless told otherwise."""
        return Finding(
            at=at,
            session=session,
            turn=turn,
            check=self.name,
            severity=severity or self.severity,
            message=message,
            expected=expected,
            seen=seen,
            calls=calls,
            hint=hint,
        )


def end_of(session: SessionView) -> int:
    """When a session was over: its end, or the last that was seen of it."""
    if session.ended is not None:
        return session.ended.at
    seen = [session.started.at, *(call.started.at for call in session.calls)]
    seen += [call.ended.at for call in session.calls if call.ended is not None]
    return max(seen)
