"""`no-runaway`: a session does not go round in circles, or on without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.bills import tokens_of
from evalkit.checks.spoken import is_model, said_in
from evalkit.checks.targets import json_in, shown
from evalkit.checks.words import numbered
from evalkit.journal.canonical import essential
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.keyed import digest_of
from evalkit.suite.parts import Count, Part


class Limits(Part):
    """How far a session may go."""

    repeats: Count = Field(
        6, description="How often one turn may come to the same call of a tool, or ask a model it"
    )
    turns: Count | None = Field(None, description="Turns of a session")
    calls: Count | None = Field(None, description="Requests of a turn, to whatever service")
    tokens: Count | None = Field(None, description="Tokens of a turn, read and written")


class NoRunaway(Check):
    """Finds turns in which a model called the same tool with the same arguments again and again, or
    was asked the same one time after another; and what goes beyond the limits that are given.

    Calls of tools are read from what models say. What is asked of a model side by side is no
    circle, and neither are its retries.
    """

    name: ClassVar[str] = "no-runaway"
    about: ClassVar[str] = "the agent went round in circles, or beyond its turns, calls or tokens"
    example: ClassVar[str] = "no-runaway: {turns: 20, calls: 60}"
    Settings: ClassVar[type[Part]] = Limits
    settings: Limits

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The circles of a session, and the limits that it broke."""
        limit = self.settings.turns
        if limit is not None and len(session.turns) > limit:
            yield self._beyond(session, None, "turns", len(session.turns), limit)
        for turn in session.turns:
            models = [call for call in turn.calls if _is_model(call, facts)]
            yield from self._circles(session, turn, _tools_called(models))
            yield from self._circles(session, turn, _asked_in_turn(models))
            yield from self._limits(session, turn)

    def _circles(
        self, session: SessionView, turn: TurnView, found: Mapping[tuple[str, str], list[CallView]]
    ) -> Iterator[Finding]:
        for (what, shows), calls in found.items():
            if len(calls) > self.settings.repeats:
                numbers = tuple(call.call for call in calls)
                yield self.finding(
                    f"turn {turn.turn} came to {what} {len(calls)} times{shows} "
                    f"({numbered(numbers)})",
                    at=calls[-1].started.at if calls[-1].ended is None else calls[-1].ended.at,
                    session=session.id,
                    turn=turn.turn,
                    calls=numbers,
                    expected=f"at most {self.settings.repeats} times",
                    seen=f"{len(calls)} times",
                    hint="bound the rounds of a turn, and end it when one brings nothing new",
                )

    def _limits(self, session: SessionView, turn: TurnView) -> Iterator[Finding]:
        tokens = sum(map(tokens_of, turn.calls))
        counts = (
            ("requests", len(turn.calls), self.settings.calls),
            ("tokens", tokens, self.settings.tokens),
        )
        for what, count, limit in counts:
            if limit is not None and count > limit:
                yield self._beyond(session, turn, what, count, limit)

    def _beyond(
        self, session: SessionView, turn: TurnView | None, what: str, count: int, limit: int
    ) -> Finding:
        ended = None if turn is None else turn.ended
        where = "the session" if turn is None else f"turn {turn.turn}"
        return self.finding(
            f"{where} came to {count:,} {what}, {limit:,} allowed",
            at=end_of(session) if ended is None else ended.at,
            session=session.id,
            turn=None if turn is None else turn.turn,
            calls=() if turn is None else tuple(call.call for call in turn.calls),
            expected=f"at most {limit:,} {what}",
            seen=f"{count:,}",
            hint="bound the rounds of a turn and of a conversation, and hand over at the end",
        )


def _is_model(call: CallView, facts: Facts) -> bool:
    return call.service in facts.models or (not facts.models and is_model(call))


def _tools_called(models: list[CallView]) -> dict[tuple[str, str], list[CallView]]:
    """The replies of models, by the tool that they call and its arguments."""
    found: dict[tuple[str, str], list[CallView]] = {}
    for call in models:
        if call.failed:
            continue  # nobody acted on it
        asked = {(name, _tidy(arguments)) for name, arguments in said_in(call).calls}
        for name, arguments in sorted(asked):
            words = f" with the same arguments: {shown(arguments)}"
            found.setdefault((f"the tool {name}", words), []).append(call)
    return found


def _tidy(arguments: str) -> str:
    value = json_in(arguments)
    return arguments if value is None else shown(essential(value), longest=10_000)


def _asked_in_turn(models: list[CallView]) -> dict[tuple[str, str], list[CallView]]:
    """The successful calls of models that ask the same, each begun after the one before it."""
    found: dict[tuple[str, str], list[CallView]] = {}
    for call in models:
        if call.failed:
            continue
        key = (
            f"{call.service} {call.started.operation}",
            f" with the same request {digest_of(call.started.identity).hex()[:6]}",
        )
        same = found.setdefault(key, [])
        last = same[-1].ended if same else None
        if last is None or call.started.at >= last.at:
            same.append(call)
    return found
