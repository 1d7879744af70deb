"""Read-only views over the records of a journal: what checks, metrics and reports look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.journal.records import (
    AnyRecord,
    CallbackSent,
    CallEnded,
    CallStarted,
    EffectCommitted,
    FaultMissed,
    FaultMoved,
    Finding,
    LogWritten,
    SessionEnded,
    SessionStarted,
    Stage,
    TurnEnded,
    TurnStarted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call with its end, its faults and its effects."""

    started: CallStarted
    ended: CallEnded | None
    faults: tuple[FaultMoved, ...]
    effects: tuple[EffectCommitted, ...]

    @property
    def call(self) -> int:
        """The number of the call in its session."""
        return self.started.call

    @property
    def service(self) -> str:
        """The service that was called."""
        return self.started.service

    @property
    def logical(self) -> int:
        """The number of the call that was the first attempt at the same thing."""
        return self.started.logical

    @property
    def latency(self) -> int | None:
        """Nanoseconds from the arrival of the request to the end of the call, if it ended."""
        return None if self.ended is None else self.ended.at - self.started.at

    @property
    def failed(self) -> bool:
        """Whether the client got no usable reply; a call without an end has failed too."""
        return self.ended is None or self.ended.failed

    @property
    def delivered(self) -> tuple[FaultMoved, ...]:
        """The faults of this call whose consequence the client received."""
        return tuple(fault for fault in self.faults if fault.stage is Stage.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """One turn with its calls in order of arrival."""

    started: TurnStarted
    ended: TurnEnded | None
    calls: tuple[CallView, ...]

    @property
    def turn(self) -> int:
        """The number of the turn, from 1."""
        assert self.started.turn is not None
        return self.started.turn


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session. `turns` and `calls` are in order; `calls` holds those outside of turns too."""

    id: str
    started: SessionStarted
    ended: SessionEnded | None
    turns: tuple[TurnView, ...]
    calls: tuple[CallView, ...]
    effects: tuple[EffectCommitted, ...]
    faults: tuple[FaultMoved, ...]
    missed: tuple[FaultMissed, ...]
    findings: tuple[Finding, ...]
    callbacks: tuple[CallbackSent, ...] = ()
    logs: tuple[LogWritten, ...] = ()

    def call(self, number: int) -> CallView:
        """The call of this number."""
        return next(call for call in self.calls if call.call == number)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalView:
    """A whole journal: its sessions in order of start, and what belongs to none of them."""

    sessions: tuple[SessionView, ...]
    unattributed: tuple[CallView, ...]
    findings: tuple[Finding, ...]
    logs: tuple[LogWritten, ...] = ()

    @classmethod
    def of(cls, records: Iterable[AnyRecord]) -> JournalView:
        """The view of these records."""
        by_session: dict[str | None, list[AnyRecord]] = defaultdict(list)
        for record in records:
            by_session[record.session].append(record)
        loose = by_session.pop(None, [])
        return cls(
            sessions=tuple(
                view_session(name, own)
                for name, own in by_session.items()
                if name is not None and any(isinstance(each, SessionStarted) for each in own)
            ),
            unattributed=_calls(loose),
            findings=tuple(each for each in loose if isinstance(each, Finding)),
            logs=tuple(each for each in loose if isinstance(each, LogWritten)),
        )


def view_session(name: str, records: Sequence[AnyRecord]) -> SessionView:
    """The view of one session from its own records, in order."""
    calls = _calls(records)
    ends = {each.turn: each for each in records if isinstance(each, TurnEnded)}
    return SessionView(
        id=name,
        started=next(each for each in records if isinstance(each, SessionStarted)),
        ended=next((each for each in records if isinstance(each, SessionEnded)), None),
        turns=tuple(
            TurnView(
                started=each,
                ended=ends.get(each.turn),
                calls=tuple(call for call in calls if call.started.turn == each.turn),
            )
            for each in records
            if isinstance(each, TurnStarted)
        ),
        calls=calls,
        effects=tuple(each for each in records if isinstance(each, EffectCommitted)),
        faults=tuple(each for each in records if isinstance(each, FaultMoved)),
        missed=tuple(each for each in records if isinstance(each, FaultMissed)),
        findings=tuple(each for each in records if isinstance(each, Finding)),
        callbacks=tuple(each for each in records if isinstance(each, CallbackSent)),
        logs=tuple(each for each in records if isinstance(each, LogWritten)),
    )


def _calls(records: Sequence[AnyRecord]) -> tuple[CallView, ...]:
    ends = {each.call: each for each in records if isinstance(each, CallEnded)}
    faults: dict[int | None, list[FaultMoved]] = defaultdict(list)
    effects: dict[int, list[EffectCommitted]] = defaultdict(list)
    for each in records:
        if isinstance(each, FaultMoved):
            faults[each.call].append(each)
        elif isinstance(each, EffectCommitted):
            effects[each.call].append(each)
    return tuple(
        CallView(
            started=each,
            ended=ends.get(each.call),
            faults=tuple(faults[each.call]),
            effects=tuple(effects[each.call]),
        )
        for each in records
        if isinstance(each, CallStarted)
    )
