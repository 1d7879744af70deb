"""`step-log`: the agent's records of its steps are whole, and agree with the wire.

An agent gives its records in the context of its replies: `Reply(text, context={"steps": [...]})`, a
list of objects, or of lines of JSON as a log has them. Where they stand, and what their fields are
called, can be set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.spoken import is_model
from evalkit.checks.step_records import Names, Reading, StepRecord, differences, flaws, read_steps
from evalkit.checks.words import listed, numbered
from evalkit.journal.logical import LogicalCall, logical_calls, requested
from evalkit.journal.records import Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.suite.parts import Flag, JsonPath, Part


class Log(Reading):
    """Where the records stand, and how they are to be read."""

    at: JsonPath = Field("$.steps", description="Where they stand in the context of a reply")
    fields: Names = Field(Names(), description="What their fields are called")
    required: Flag = Field(False, description="Whether a turn that asks a model must have them")


class StepLog(Check):
    """Holds the records of a turn against the calls of models that it made, in their order.

    A record is of a model's call if it names a model; retries of a call are one step. Records of
    other steps have to be whole, and nothing more is known of them.
    """

    name: ClassVar[str] = "step-log"
    about: ClassVar[str] = "the agent's records of its steps are not whole, or not what happened"
    standard: ClassVar[bool] = False
    example: ClassVar[str] = "step-log: {at: $.trace, fields: {step: id}, latency: s}"
    Settings: ClassVar[type[Part]] = Log
    settings: Log

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """What is wrong with the records of each turn."""
        names: set[str] = set()
        for turn in session.turns:
            if turn.ended is None or turn.ended.text is None:
                continue  # a turn that raised has no reply to give them with
            steps = read_steps(self.settings.at, turn.ended.context, self.settings.fields)
            made = [each for each in logical_calls(requested(turn.calls)) if _asks(each, facts)]
            if steps is not None:
                yield from self._by_themselves(session, turn, steps, names)
                yield from self._against_wire(session, turn, steps, made)
            elif self.settings.required and made:
                yield self._wrong(session, turn, "there are none", made)

    def _by_themselves(
        self, session: SessionView, turn: TurnView, steps: Sequence[StepRecord], names: set[str]
    ) -> Iterator[Finding]:
        for at, step in enumerate(steps, start=1):
            for flaw in flaws(step, self.settings.fields):
                yield self._wrong(session, turn, f"record {at} {flaw}")
            if step.step in names:
                yield self._wrong(session, turn, f'"{step.step}" names two steps')
            if step.step:
                names.add(step.step)

    def _against_wire(
        self,
        session: SessionView,
        turn: TurnView,
        steps: Sequence[StepRecord],
        made: Sequence[LogicalCall],
    ) -> Iterator[Finding]:
        own = [each for each in steps if each.model is not None]
        if len(own) != len(made):
            what = f"{len(own)} tell of calls of models, and {len(made)} were made"
            yield self._wrong(session, turn, what, made)
            return
        for step, logical in zip(own, made, strict=True):
            found = list(differences(step, logical, self.settings))
            if found:
                what = f'"{step.step}" and {numbered(logical.numbers)} differ: {listed(found)}'
                yield self._wrong(session, turn, what, [logical])

    def _wrong(
        self, session: SessionView, turn: TurnView, what: str, about: Sequence[LogicalCall] = ()
    ) -> Finding:
        assert turn.ended is not None
        return self.finding(
            f"the records of the steps of turn {turn.turn}: {what}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=tuple(number for each in about for number in each.numbers),
            expected="a whole record of every call of a model, as it was on the wire",
            seen=what,
            hint="write a record where the call is made, from its own reply, and when it fails too",
        )


def _asks(logical: LogicalCall, facts: Facts) -> bool:
    if facts.models:
        return logical.service in facts.models
    return is_model(logical.first)
