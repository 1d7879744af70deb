"""`own-spans`: the agent's own OpenTelemetry spans agree with the wire.

An agent hands its spans over in the context of its replies, as `ReadableSpan.to_json()` of
OpenTelemetry's SDK writes them: `Reply(text, context={"spans": [...]})`. In Python,
`evalkit.telemetry.span_log.SpanLog` collects them in the agent's process:

    spans = SpanLog()
    provider.add_span_processor(spans)      # of the agent's own TracerProvider

    async def agent(turn):
        with spans.turn() as own:
            text = await answer(turn)
            return Reply(text, context={"spans": own.taken()})

A call is joined to them by the `traceparent` that its request carries, which instrumented clients
write by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.span_records import OwnSpan, asking, differences, read_spans
from evalkit.checks.spoken import is_model
from evalkit.checks.words import listed, numbered
from evalkit.journal import conventions as names
from evalkit.journal.logical import logical_calls, requested
from evalkit.journal.parents import Place, parent_in
from evalkit.journal.records import Finding, Severity
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.suite.parts import JsonPath, Part


class Handed(Part):
    """Where the spans stand."""

    at: JsonPath = Field("$.spans", description="Where they stand in the context of a reply")


class OwnSpans(Check):
    """Holds the agent's spans of a turn against its calls: missing, wrong and unlinked ones."""

    name: ClassVar[str] = "own-spans"
    about: ClassVar[str] = "the agent's own OpenTelemetry spans are missing, wrong or unlinked"
    severity: ClassVar[Severity] = Severity.ADVICE
    standard: ClassVar[bool] = False
    example: ClassVar[str] = "own-spans: {at: $.trace}"
    Settings: ClassVar[type[Part]] = Handed
    settings: Handed

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """What is wrong with the spans of each turn."""
        for turn in session.turns:
            made = requested(turn.calls)
            if turn.ended is None or turn.ended.text is None or not made:
                continue  # a turn that raised has no reply to hand them over with
            given = read_spans(self.settings.at, turn.ended.context)
            if given is None:
                yield self._wrong(session, turn, f"none stand at {self.settings.at}", made)
                continue
            for at, each in enumerate(given, start=1):
                if each is None:
                    yield self._wrong(session, turn, f"what stands at place {at} is no span")
            spans = {each.place: each for each in given if each is not None}
            yield from self._links(session, turn, made, spans)
            models = [each for each in made if _asks(each, facts)]
            yield from self._models(session, turn, models, spans)

    def _links(
        self,
        session: SessionView,
        turn: TurnView,
        made: Sequence[CallView],
        spans: Mapping[Place, OwnSpan],
    ) -> Iterator[Finding]:
        parents = {each.call: parent_in(each.started.headers) for each in made}
        loose = [each for each in made if parents[each.call] is None]
        if loose:
            yield self._wrong(session, turn, f"{_of(loose)} no traceparent", loose)
        lost = [each for each in made if (parents[each.call] or _NOWHERE) not in spans]
        lost = [each for each in lost if each not in loose]
        if lost:
            what = f"{_of(lost)} a traceparent of no span that was handed over"
            yield self._wrong(session, turn, what, lost)
        for each in made:
            span = spans.get(parents[each.call] or _NOWHERE)
            told = None if span is None else span.attributes.get(names.HTTP_STATUS)
            real = None if each.ended is None else each.ended.status
            if span is not None and None not in (told, real) and told != real:
                what = f'"{span.name}" says status {told}, call #{each.call} got {real}'
                yield self._wrong(session, turn, what, [each])

    def _models(
        self,
        session: SessionView,
        turn: TurnView,
        made: Sequence[CallView],
        spans: Mapping[Place, OwnSpan],
    ) -> Iterator[Finding]:
        pairs, calls, alone = _matched(made, spans)
        if calls:
            what = f"no span `chat` is of {numbered([each.call for each in calls])}"
            yield self._wrong(session, turn, what, calls)
        for span in alone:
            yield self._wrong(session, turn, f'"{span.name}" is of a call that was not made')
        for span, attempts in pairs:
            if found := list(differences(span, attempts)):
                of = numbered([each.call for each in attempts])
                what = f'"{span.name}" and {of} differ: {listed(found)}'
                yield self._wrong(session, turn, what, attempts)

    def _wrong(
        self, session: SessionView, turn: TurnView, what: str, about: Iterable[CallView] = ()
    ) -> Finding:
        assert turn.ended is not None
        return self.finding(
            f"the agent's own spans of turn {turn.turn}: {what}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=tuple(each.call for each in about),
            expected="a span for every call, which the request names in its traceparent",
            seen=what,
            hint="instrument the client that makes the call, and hand all spans of the turn over",
        )


_NOWHERE = Place("", "")
_Pairs = list[tuple[OwnSpan, list[CallView]]]


def _matched(
    made: Sequence[CallView], spans: Mapping[Place, OwnSpan]
) -> tuple[_Pairs, list[CallView], list[OwnSpan]]:
    """Spans of models' calls with the attempts they are of, then the calls and spans that are left.

    They belong together by the traceparent; those without one by their order, if that fits.
    """
    linked: dict[Place, list[CallView]] = {}
    rest = []
    for call in made:
        own = spans.get(parent_in(call.started.headers) or _NOWHERE)
        over = None if own is None else asking(own, spans)
        if over is None:
            rest.append(call)
        else:
            linked.setdefault(over.place, []).append(call)
    pairs = [(spans[place], calls) for place, calls in linked.items()]
    alone = [each for each in spans.values() if each.asks and each.place not in linked]
    logical = logical_calls(rest)
    if len(alone) != len(logical):
        return pairs, rest, alone
    ordered = [(span, list(each.attempts)) for span, each in zip(alone, logical, strict=True)]
    return pairs + ordered, [], []


def _asks(call: CallView, facts: Facts) -> bool:
    return call.service in facts.models if facts.models else is_model(call)


def _of(calls: Sequence[CallView]) -> str:
    return f"{numbered([each.call for each in calls])} carr{'y' if len(calls) > 1 else 'ies'}"
