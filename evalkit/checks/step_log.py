"""`step-log`: the agent's records of its steps are whole, and agree with the wire.

An agent gives its records in the context of its replies: `Reply(text, context={"steps": [...]})`, a
list of objects, or of lines of JSON as a log has them; or it logs them in the turn, as lines of
JSON or as fields (`extra`), of which those count that name a step. Where they stand, and what their
fields are called, can be set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.spoken import is_model
from evalkit.checks.step_matching import Wire, mismatches
from evalkit.checks.step_records import Names, Reading, StepRecord, flaws, logged_steps, read_steps
from evalkit.checks.words import listed, numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.suite.parts import Flag, JsonPath, Part


class Log(Reading):
    """Where the records stand, and how they are to be read."""

    at: JsonPath = Field(
        "$.steps", description="Where they stand in the context of a reply; if not: in the log"
    )
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
        models = facts.models or {each.service for each in session.calls if is_model(each)}
        for turn in session.turns:
            if turn.ended is None or turn.ended.text is None:
                continue  # a turn that raised has no reply to give them with
            steps = self._steps(session, turn)
            wire = Wire.of(each for each in turn.calls if each.service in models)
            if steps is not None:
                yield from self._by_themselves(session, turn, steps, names)
                yield from self._against_wire(session, turn, steps, wire)
            elif self.settings.required and wire.made:
                yield self._wrong(session, turn, "there are none", wire.made)

    def _steps(self, session: SessionView, turn: TurnView) -> list[StepRecord] | None:
        """The records of a turn: in its reply, or else in its log."""
        assert turn.ended is not None
        names = self.settings.fields
        given = read_steps(self.settings.at, turn.ended.context, names)
        if given is not None:
            return given
        return logged_steps((each for each in session.logs if each.turn == turn.turn), names)

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
        wire: Wire,
    ) -> Iterator[Finding]:
        own = [each for each in steps if each.model is not None]
        if not wire.fits(own):
            what = f"{len(own)} tell of calls of models, and {len(wire.made)} were made"
            yield self._wrong(session, turn, what, wire.made)
            return
        for each in mismatches(own, wire, self.settings):
            numbers = numbered(each.logical.numbers)
            what = f'"{each.record.step}" and {numbers} differ: {listed(each.found)}'
            yield self._wrong(session, turn, what, [each.logical])

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
