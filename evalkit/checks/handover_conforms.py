"""`handover-conforms`: what one agent hands to the next has the form that both know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.schemas import Conforming, mistake_in
from evalkit.checks.targets import json_in, json_within
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, Part


class Handover(Conforming):
    """Where a handover shows on the wire, and its form."""

    at: Operation = Field(description="The requests that carry it")
    path: JsonPath = Field(
        "$", description="Where in their bodies: JSON, or a text that is JSON, alone or in prose"
    )
    text: str | None = Field(
        None, description="Only requests that hold this text: one of several agents behind a model"
    )


class HandoverConforms(Check):
    """Holds what requests carry against a JSON Schema."""

    name: ClassVar[str] = "handover-conforms"
    about: ClassVar[str] = "what one agent handed to the next does not have the form declared"
    Settings: ClassVar[type[Part] | None] = Handover
    example: ClassVar[str | None] = (
        "handover-conforms: {at: crm POST /handovers, versions: {'2': {required: [summary]}}}"
    )
    settings: Handover

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The handovers of another form; each of a logical call once."""
        del facts
        for call in session.calls:
            if self.settings.at.fits(call) and call.started.attempt == 1 and self._is(call):
                wrong = self._wrong(call)
                if wrong is not None:
                    yield self._broken(call, wrong)

    def _is(self, call: CallView) -> bool:
        text = self.settings.text
        return text is None or text in call.started.body.decode("utf-8", "replace")

    def _wrong(self, call: CallView) -> str | None:
        body = json_in(call.started.body)
        found = () if body is None else at_path(self.settings.path, body)
        if not found:
            return f"there is nothing at {self.settings.path}"
        value = found[0]
        if isinstance(value, str):
            value = json_within(value)
            if value is None:
                return f"the text at {self.settings.path} holds no JSON"
        return mistake_in(self.settings, value)

    def _broken(self, call: CallView, wrong: str) -> Finding:
        return self.finding(
            f"the handover in {call.service} {call.started.operation} (call #{call.call}) breaks "
            f"its schema: {wrong}",
            at=call.started.at,
            session=call.started.session,
            turn=call.started.turn,
            calls=(call.call,),
            expected="a handover that fits its schema",
            seen=wrong,
            hint="validate on both sides of the handover, and give a change of its form a new "
            "version that the next agent knows",
        )
