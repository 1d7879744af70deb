"""What every check is: a name, what it looks for, and the findings it makes of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from evalkit.journal.records import Finding, Severity
from evalkit.journal.views import JournalView, SessionView
from evalkit.suite.model import ServiceUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a suite declares about its services, by name."""

    services: Mapping[str, ServiceUse] = field(default_factory=dict)


class Check:
    """An oracle over the journal. It reads sessions, and the world for what belongs to none."""

    name: ClassVar[str]
    """How suites and findings name it."""

    about: ClassVar[str]
    """What it finds, in one line."""

    severity: ClassVar[Severity] = Severity.VIOLATION

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
    ) -> Finding:
        """A finding of this check."""
        return Finding(
            at=at,
            session=session,
            turn=turn,
            check=self.name,
            severity=self.severity,
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
