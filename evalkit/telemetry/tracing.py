"""The spans of a stored run.

A session is a trace: the session, `invoke_agent` for each of its turns, and a span for every call
on the wire. Where the agent passed a `traceparent` on, the span of the call stands in the agent's
own trace, below the span that made it, and is linked with its turn. A turn all of whose calls were
made in one trace that no other turn has is in that trace too, linked with its session. A live agent
was told that trace, and that the span above it is the one that the turn's span then is.

World time is laid from `base`, so that spans lie as they lay in the world. An agent's own spans
carry the time of the world: in a simulation that is what the suite says (`starts_at`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.engine.events import CellKey
from evalkit.journal import conventions as names
from evalkit.journal.parents import Place, parent_in
from evalkit.journal.records import End, Finding
from evalkit.journal.views import CallView, JournalView, SessionView, TurnView
from evalkit.store import Run
from evalkit.telemetry.call_spans import attributes_of, error_of, events_of, name_of
from evalkit.telemetry.spans import (
    Attributes,
    Event,
    Span,
    SpanKind,
    Value,
    span_id,
    trace_id,
)

_ERROR_WORD = 60


def spans_of(run: Run, base: int, *, scenario: str | None = None) -> Iterator[Span]:
    """The spans of a run, or of one of its scenarios; no more than a cell is in memory.

    `base` is the Unix time, in nanoseconds, that world time is laid from.
    """
    kinds = kinds_of(run)
    for each in run.record.scenarios:
        if scenario not in (None, each.name):
            continue
        for index in range(each.cells):
            view = JournalView.of(run.cell_records(CellKey(each.name, index)))
            tracer = Tracer(
                key=(run.id, each.name, index),
                agent=run.record.suite,
                scenario=each.name,
                kinds=kinds,
                base=base,
                live=run.record.live,
            )
            yield from tracer.spans(view)


def kinds_of(run: Run) -> Mapping[str, str | None]:
    """What kind each service that was called is of."""
    calls = run.lists.calls
    return dict(zip(calls["service"], calls["kind"], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """Makes the spans of one cell. `key` is what their ids are made of."""

    key: tuple[object, ...]
    agent: str
    scenario: str
    kinds: Mapping[str, str | None] = field(default_factory=dict)
    base: int = 0
    live: bool = False

    def spans(self, view: JournalView) -> Iterator[Span]:
        """The spans of a journal, each after the one it is part of."""
        shared = Counter(trace for each in view.sessions for trace in _traces(each))
        for session in view.sessions:
            yield from self._session(session, shared)
        for call in view.unattributed:
            place = Place(trace_id(*self.key, "loose"), span_id(*self.key, "loose", call.call))
            yield self._call(call, place, call.started.at, {})

    def _session(self, session: SessionView, shared: Mapping[str, int]) -> Iterator[Span]:
        end, own = _end_of(session), self._own(session)
        ended = session.ended
        bad = ended is not None and ended.end is not End.COMPLETED
        about: dict[str, Value] = {**own, names.END: "open" if ended is None else ended.end.value}
        if ended is not None and bad:
            about[names.ERROR_TYPE] = ended.end.value
        yield Span(
            place=self._place(session),
            name=f"session {session.id}",
            start=self.base + min(session.started.at, session.started.intended),
            end=self.base + end,
            attributes=about,
            events=tuple(self._findings(each for each in session.findings if each.turn is None)),
            error=(ended.reason or ended.end.value) if ended is not None and bad else None,
        )
        numbers = {turn.turn for turn in session.turns}
        for turn in session.turns:
            yield from self._turn(session, turn, end, shared)
        for call in session.calls:
            if call.started.turn not in numbers:
                yield self._call(call, self._place(session), end, own)

    def _turn(
        self, session: SessionView, turn: TurnView, end: int, shared: Mapping[str, int]
    ) -> Iterator[Span]:
        above = self._place(session)
        here = self._place_of_turn(session, turn, shared)
        joined = here.trace != above.trace
        ended = turn.ended
        own = {**self._own(session), names.TURN: turn.turn}
        found = (each for each in session.findings if each.turn == turn.turn)
        yield Span(
            place=here,
            parent=None if joined else above.span,
            name=f"{names.INVOKE_AGENT} {self.agent}",
            start=self.base + turn.started.at,
            end=self.base + (end if ended is None else ended.at),
            attributes={**own, **_about(turn, self.agent)},
            events=tuple(self._findings(found)),
            links=(above,) if joined else (),
            error=_error_of(turn),
        )
        for call in turn.calls:
            yield self._call(call, here, end, own)

    def _call(self, call: CallView, above: Place, end: int, own: Attributes) -> Span:
        """The span of a call. `above` is that of its turn; a loose call's is a trace of its own."""
        parent = parent_in(call.started.headers)
        kind = self.kinds.get(call.service)
        number = span_id(*self.key, call.started.session, "call", call.call)
        inside = above.span if call.started.session is not None else None
        place = Place(above.trace if parent is None else parent.trace, number)
        return Span(
            place=place,
            parent=inside if parent is None else parent.span,
            name=name_of(call, kind),
            # Below the agent's own client's span it is the other side of the same thing.
            kind=SpanKind.CLIENT if parent is None else SpanKind.SERVER,
            start=self.base + call.started.at,
            end=self.base + (max(end, call.started.at) if call.ended is None else call.ended.at),
            attributes={names.SCENARIO: self.scenario, **own, **attributes_of(call, kind)},
            events=tuple(events_of(call, self.base)),
            links=() if parent is None or inside is None or parent == above else (above,),
            error=error_of(call),
        )

    def _place(self, session: SessionView) -> Place:
        return Place(trace_id(*self.key, session.id), span_id(*self.key, session.id))

    def _place_of_turn(
        self, session: SessionView, turn: TurnView, shared: Mapping[str, int]
    ) -> Place:
        number = span_id(*self.key, session.id, "turn", turn.turn)
        traces = _traces_of(turn)
        if len(traces) != 1 or shared[traces[0]] > 1:
            return Place(self._place(session).trace, number)
        # What a live agent is told with its turn; see evalkit.live.attribution.
        return Place(traces[0], traces[0][:16] if self.live else number)

    def _own(self, session: SessionView) -> dict[str, Value]:
        return {
            names.SCENARIO: self.scenario,
            names.SESSION: session.id,
            names.CONVERSATION: session.id,
        }

    def _findings(self, found: Iterable[Finding]) -> Iterator[Event]:
        for each in found:
            about: dict[str, Value] = {
                names.EVALUATION_NAME: each.check,
                names.EVALUATION_LABEL: each.severity.value,
                names.EVALUATION_EXPLANATION: each.message,
            }
            if each.calls:
                about[names.FINDING_CALLS] = each.calls
            yield Event(at=self.base + each.at, name=names.EVALUATION, attributes=about)


def _traces_of(turn: TurnView) -> list[str]:
    """The traces that the calls of a turn say they were made in."""
    parents = (parent_in(call.started.headers) for call in turn.calls)
    return list(dict.fromkeys(each.trace for each in parents if each is not None))


def _traces(session: SessionView) -> Iterator[str]:
    for turn in session.turns:
        yield from _traces_of(turn)


def _about(turn: TurnView, agent: str) -> dict[str, Value]:
    told: dict[str, Value] = {names.OPERATION: names.INVOKE_AGENT, names.AGENT: agent}
    if turn.ended is not None and turn.ended.answer is not None:
        told[names.ANSWER] = turn.ended.answer.value
    error = _error_of(turn)
    if error is not None and turn.ended is not None:
        kind = error.partition(":")[0]
        plain = kind.replace(".", "").isidentifier() and len(kind) <= _ERROR_WORD
        told[names.ERROR_TYPE] = "timeout" if turn.ended.timed_out else kind if plain else "_OTHER"
    return told


def _error_of(turn: TurnView) -> str | None:
    ended = turn.ended
    if ended is None:
        return None
    return ended.error or ("timeout" if ended.timed_out else None)


def _end_of(session: SessionView) -> int:
    """When a session was over, or the last that is known of it."""
    if session.ended is not None:
        return session.ended.at
    turns = [each.ended.at for each in session.turns if each.ended is not None]
    calls = [call.started.at if call.ended is None else call.ended.at for call in session.calls]
    return max([session.started.at, *turns, *calls])
