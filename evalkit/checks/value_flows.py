"""`value-flows`: what was read from one service reaches the next unaltered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation, OperationGlob
from evalkit.checks.targets import (
    Place,
    answered_calls,
    at_place,
    json_in,
    same,
    shown,
)
from evalkit.checks.words import numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, Part


class Flow(Part):
    """From where to where a value goes."""

    source: Literal["session"] | Operation = Field(
        alias="from",
        union_mode="left_to_right",
        description="Whose replies hold it; `session`: the session's variables",
    )
    path: JsonPath = Field(description="Where in those replies, or variables")
    target: Operation = Field(alias="to", description="The requests that it goes into")
    into: Place = Field(
        description="Where in those: a JSONPath, path (a segment), query.NAME, header.NAME"
    )


class ValueFlows(Check):
    """The value in each request is one that an earlier reply of the session held at its path.

    One that was read before it was asked for is no matter of chance, so a request without a reading
    before it is a finding too. Numbers and their text are the same.
    """

    name: ClassVar[str] = "value-flows"
    about: ClassVar[str] = "a value read from one service did not reach the next as it was"
    Settings: ClassVar[type[Part] | None] = Flow
    example: ClassVar[str | None] = (
        'value-flows: {from: "crm GET /customers/*", path: $.id, to: "payments POST /charges", '
        "into: $.customer}"
    )
    settings: Flow

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The requests with another value."""
        reads = self._reads(session, facts)
        for call in session.calls:
            if self.settings.target.fits(call):
                known = [each for at, _, each in reads if at <= call.started.at]
                found = at_place(self.settings.into, call)
                if not any(same(one, other) for one in known for other in found):
                    sources = tuple(n for at, n, _ in reads if n and at <= call.started.at)
                    yield self._altered(call, sources, known, found)

    def _reads(self, session: SessionView, facts: Facts) -> list[tuple[int, int, Any]]:
        """When what was read, and by which call."""
        source = self.settings.source
        if not isinstance(source, OperationGlob):
            record = facts.sessions.get(session.id)
            values = () if record is None else at_path(self.settings.path, dict(record.vars))
            return [(session.started.at, 0, value) for value in values]
        return [
            (call.ended.at, call.call, value)
            for call in answered_calls(session.calls)
            if source.fits(call) and call.ended is not None
            for value in at_path(self.settings.path, json_in(call.ended.body))
        ]

    def _altered(
        self, call: CallView, sources: tuple[int, ...], known: list[Any], found: tuple[Any, ...]
    ) -> Finding:
        settings = self.settings
        expected = " or ".join(dict.fromkeys(map(shown, known))) or f"{settings.path}, read before"
        seen = " and ".join(map(shown, found)) if found else "nothing"
        read = f"{settings.source} had said {expected}" if known else "nobody had read one"
        by = f" ({numbered(tuple(dict.fromkeys(sources)))})" if sources else ""
        return self.finding(
            f"{call.service} {call.started.operation} (call #{call.call}) has {seen} at "
            f"{settings.into}, and {read}{by}",
            at=call.started.at,
            session=call.started.session,
            turn=call.started.turn,
            calls=(*dict.fromkeys(sources), call.call),
            expected=expected,
            seen=seen,
            hint="pass on the value that was read, in code: what a model retypes, or a second "
            "variable keeps, comes out altered",
        )
