"""`context-immutable`: context tokens are passed on as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.conditions import Text, filled
from evalkit.checks.targets import Operations, Place, at_place, of_any, same, shown
from evalkit.checks.words import listed, numbered
from evalkit.journal.logical import requested
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import Part


class Context(Part):
    """What stays the same, and where it stands."""

    at: Place = Field(description="Where it stands: header.NAME, query.NAME, path, a JSONPath")
    of: Operations = Field(min_length=1, description="The requests that must carry it")
    equals: Text | None = Field(
        None,
        alias="is",
        description='What it is: "{{ session.id }}"; none: what the first request carries',
    )
    per: Literal["session", "turn"] = Field("session", description="Within what it stays the same")


class ContextImmutable(Check):
    """Every request carries it, and in a session (or turn) it is one and the same."""

    name: ClassVar[str] = "context-immutable"
    about: ClassVar[str] = "a context token was dropped or altered on its way"
    Settings: ClassVar[type[Part] | None] = Context
    example: ClassVar[str | None] = (
        'context-immutable: {at: header.x-case, of: [crm, payments], is: "{{ session.vars.case }}"}'
    )
    settings: Context

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The requests that carry another, or none."""
        given = self.settings.equals
        wanted = None if given is None else filled(given, session.id, facts)
        scopes: dict[int | None, list[CallView]] = defaultdict(list)
        for call in of_any(self.settings.of, requested(session.calls)):
            scopes[call.started.turn if self.settings.per == "turn" else None].append(call)
        for calls in scopes.values():
            yield from self._altered(calls, wanted)

    def _altered(self, calls: list[CallView], wanted: object) -> Iterator[Finding]:
        wrong: dict[str, list[CallView]] = defaultdict(list)
        for call in calls:
            found = at_place(self.settings.at, call)
            if not found:
                wrong["nothing"].append(call)
            elif wanted is None and self.settings.at != "path":
                wanted = found[0]
            elif not any(same(wanted, each) for each in found):
                wrong[shown(found[0])].append(call)
        for seen, those in wrong.items():
            expected = "one" if wanted is None else shown(wanted)
            yield self._finding(those, seen, expected)

    def _finding(self, calls: list[CallView], seen: str, expected: str) -> Finding:
        first, numbers = calls[0].started, tuple(call.call for call in calls)
        names = listed(dict.fromkeys(f"{call.service} {call.started.operation}" for call in calls))
        return self.finding(
            f"{names} ({numbered(numbers)}) got {seen} at {self.settings.at}, expected {expected}",
            at=first.at,
            session=first.session,
            turn=first.turn,
            calls=numbers,
            expected=expected,
            seen=seen,
            hint="set it in one place for every client, from the request that came in; what makes "
            "its own, or lets a model write it, breaks the chain",
        )
