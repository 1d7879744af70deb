"""`no-partial-data`: no answer as if all were there is given on half of the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.failures import failures
from evalkit.checks.targets import Operations, json_in, of_any
from evalkit.checks.words import listed, numbered
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, OneOrMany, Part


class Data(Part):
    """What has to be there, all of it, before a turn may be `answered`."""

    of: Operations = Field(min_length=1, description="The operations that the data is read by")
    fields: OneOrMany[JsonPath] = Field(
        (), description="What each of their replies must hold, and not null"
    )
    items: JsonPath | None = Field(None, description="The list in their replies")
    total: JsonPath | None = Field(
        None, description="Where the replies say how many items there are, over all pages"
    )


class NoPartialData(Check):
    """A turn that is `answered` has got every reply it asked these operations for, whole.

    What was read again counts as it came the last time.
    """

    name: ClassVar[str] = "no-partial-data"
    about: ClassVar[str] = "a turn was `answered` on data of which a part was missing"
    Settings: ClassVar[type[Part] | None] = Data
    example: ClassVar[str | None] = "no-partial-data: {of: crm GET /orders, fields: $.status}"
    settings: Data

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns answered on a part."""
        del facts
        lost = failures(session)
        for turn in session.turns:
            if turn.ended is None or turn.ended.answer is not Answer.ANSWERED:
                continue
            asked = of_any(self.settings.of, turn.calls)
            numbers = {call.call for call in asked}
            for failure in lost:
                if failure.turn is turn and numbers & set(failure.calls):
                    yield self._partial(session, turn, failure.what, failure.calls)
            read = _last_read(asked)
            for call in read:
                if lacks := [path for path in self.settings.fields if _lacks(call, path)]:
                    yield self._partial(session, turn, self._without(call, lacks), (call.call,))
            yield from self._counted(session, turn, read)

    def _without(self, call: CallView, lacks: list[str]) -> str:
        name = f"{call.service} {call.started.operation}"
        return f"{name} (call #{call.call}) came without {listed(lacks)}"

    def _counted(
        self, session: SessionView, turn: TurnView, read: list[CallView]
    ) -> Iterator[Finding]:
        items, total = self.settings.items, self.settings.total
        if items is None or total is None:
            return
        bodies = [_body(call) for call in read]
        had = sum(len(each) for body in bodies for each in at_path(items, body) if _is_list(each))
        said = [each for body in bodies for each in at_path(total, body) if _is_count(each)]
        if said and had < max(said):
            numbers = tuple(call.call for call in read)
            what = f"{had} of {max(said)} items at {items} had been read ({numbered(numbers)})"
            yield self._partial(session, turn, what, numbers)

    def _partial(
        self, session: SessionView, turn: TurnView, what: str, calls: tuple[int, ...]
    ) -> Finding:
        assert turn.ended is not None
        return self.finding(
            f"turn {turn.turn} was answered as if all data were there, but {what}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=calls,
            expected="all of it, or an answer like partial, degraded or hold",
            seen="answered",
            hint="validate what was read before it is used: required fields, and the count of the "
            "list; read what is missing, or say that it is",
        )


def _last_read(asked: Iterable[CallView]) -> list[CallView]:
    """The last good reply to each request."""
    good = [call for call in asked if not call.failed and call.ended is not None]
    latest = {(each.service, each.started.operation, each.started.identity): each for each in good}
    return list(latest.values())


def _body(call: CallView) -> object:
    return None if call.ended is None else json_in(call.ended.body)


def _lacks(call: CallView, path: str) -> bool:
    found = at_path(path, _body(call))
    return not found or any(each is None for each in found)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
