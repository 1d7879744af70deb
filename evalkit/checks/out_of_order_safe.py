"""`out-of-order-safe`: what comes late does not overwrite what is newer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.targets import (
    Place,
    at_place,
    json_in,
    leaves,
    same,
    shown,
    tells,
    told_by,
)
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, Part


class Order(Part):
    """What tells of changes, in what order they were, and what is written because of them."""

    events: Operation = Field(
        description="What tells of them: `SERVICE webhook NAME`, or an operation whose replies do"
    )
    order: JsonPath = Field(description="Where they say which is newer: a number, a time")
    value: JsonPath = Field(description="Where they say what is so now")
    writes: Operation = Field(description="The requests that write it down")
    into: Place = Field(description="Where those hold it")
    key: JsonPath | None = Field(
        None, description="Where events say what they are of; the writes must hold it too"
    )


@dataclass(frozen=True, slots=True)
class _Event:
    at: int
    call: int
    order: Any
    value: Any
    key: Any


class OutOfOrderSafe(Check):
    """Where events came late or twice, the last write is of the newest of those known by then."""

    name: ClassVar[str] = "out-of-order-safe"
    about: ClassVar[str] = "an event that came late or twice overwrote what was newer"
    Settings: ClassVar[type[Part] | None] = Order
    example: ClassVar[str | None] = (
        "out-of-order-safe: {events: payments webhook *, order: $.sequence, value: $.status, "
        "writes: crm PATCH /orders/*, into: $.status}"
    )
    settings: Order

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The writes of what was no longer so."""
        del facts
        groups: dict[str, list[_Event]] = {}
        for event in self._events(session):
            groups.setdefault(str(event.key), []).append(event)
        for events in groups.values():
            if _in_order(events):
                continue
            writes = [
                call
                for call in session.calls
                if self.settings.writes.fits(call)
                and not call.failed
                and call.started.at >= events[0].at
                and _is_of(call, events[0].key)
            ]
            if writes:
                yield from self._judge(events, writes[-1])

    def _judge(self, events: list[_Event], write: CallView) -> Iterator[Finding]:
        known = [event for event in events if event.at <= write.started.at]
        newest = max(known, key=lambda event: _rank(event.order))
        found = at_place(self.settings.into, write)
        stale = [
            event
            for event in known
            if _rank(event.order) < _rank(newest.order)
            and any(same(event.value, each) for each in found)
        ]
        if stale and not any(same(newest.value, each) for each in found):
            yield self._overwrote(write, newest, stale[-1])

    def _events(self, session: SessionView) -> Iterator[_Event]:
        events = self.settings.events
        if tells(events):
            # Known from when it was sent: what it makes the agent do comes before it is answered.
            bodies = [(sent.began, sent.call, sent.body) for sent in told_by(events, session)]
        else:
            bodies = [
                (call.ended.at, call.call, call.ended.body)
                for call in session.calls
                if events.fits(call) and not call.failed and call.ended is not None
            ]
        for at, call, raw in sorted(bodies, key=lambda each: each[0]):
            body, key = json_in(raw), self.settings.key
            order, value = at_path(self.settings.order, body), at_path(self.settings.value, body)
            of = at_path(key, body)[:1] if key is not None else ()
            if order and value:
                yield _Event(at, call, order[0], value[0], of[0] if of else None)

    def _overwrote(self, write: CallView, newest: _Event, stale: _Event) -> Finding:
        order = self.settings.order
        return self.finding(
            f"{write.service} {write.started.operation} (call #{write.call}) wrote "
            f"{shown(stale.value)} ({order} {shown(stale.order)}), though {shown(newest.value)} "
            f"({order} {shown(newest.order)}) was known",
            at=write.started.at,
            session=write.started.session,
            turn=write.started.turn,
            calls=tuple(dict.fromkeys((stale.call, newest.call, write.call))),
            expected=shown(newest.value),
            seen=shown(stale.value),
            hint="keep the order of what was applied last, and leave what is not newer alone",
        )


def _rank(order: Any) -> tuple[bool, Any]:
    """Numbers by size, before all else by its text."""
    number = isinstance(order, (int, float)) and not isinstance(order, bool)
    return (not number, order if number else str(order))


def _in_order(events: list[_Event]) -> bool:
    ranks = [_rank(event.order) for event in events]
    return all(one < other for one, other in pairwise(ranks))


def _is_of(call: CallView, key: Any) -> bool:
    held = (*at_place("path", call), *leaves(json_in(call.started.body)))
    return key is None or any(same(key, each) for each in held)
