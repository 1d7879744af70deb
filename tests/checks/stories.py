"""Sessions told in a few lines, for tests of what looks at them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.checks import Check, Facts, Part
from evalkit.checks.making import make
from evalkit.journal.records import (
    Answer,
    AnyRecord,
    Arrival,
    CallbackSent,
    CallEnded,
    CallStarted,
    EffectCommitted,
    End,
    FaultMoved,
    Finding,
    LogWritten,
    Outcome,
    SessionEnded,
    SessionStarted,
    Stage,
    TurnEnded,
    TurnStarted,
)
from evalkit.journal.views import JournalView, SessionView
from evalkit.suite import read_model
from evalkit.suite.checks import AnyCheck, CheckUse
from evalkit.suite.model import ServiceUse

SECOND = 1_000_000_000
REPLY = {"text": "Done.", "answer": Answer.ANSWERED}


@dataclass
class Story:
    """Writes the records of one session; a call takes a second unless told otherwise."""

    session: str | None = "s1"
    now: int = 0
    turn_number: int | None = None
    calls: int = 0
    records: list[AnyRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.session is not None:
            self._write(SessionStarted, intended=0)

    def _write(self, kind: Any, **fields: Any) -> None:
        here = {"at": self.now, "session": self.session, "turn": self.turn_number}
        self.records.append(kind(**{**here, **fields}))

    def turn(self, text: str = "hello") -> Story:
        self.turn_number = (self.turn_number or 0) + 1
        self._write(TurnStarted, input=text, intended=self.now)
        return self

    def call(
        self,
        service: str = "crm",
        *,
        operation: str = "GET /x",
        logical: int | None = None,
        identity: str = "aa",
        status: int | None = 200,
        outcome: Outcome = Outcome.REPLIED,
        takes: int | None = SECOND,
        fault: str | None = None,
        stage: Stage = Stage.DELIVERED,
        failed: bool | None = None,
        body: Any = None,
        effect: tuple[str, ...] = (),
        sdk_retry: int | None = None,
        complaint: str | None = None,
        breaches: tuple[str, ...] = (),
        method: str = "GET",
        path: str = "/x",
        headers: tuple[tuple[str, str], ...] = (),
        says: Any = None,
        data: dict[str, Any] | None = None,
        ended: dict[str, Any] | None = None,
    ) -> Story:
        """A call; `logical` makes it a retry, `effect` is the name and key of what it commits and
        `data` what is in it, `takes=None` leaves it without an end. `says` is the reply's body: a
        value, or bytes as they are; `ended` are more fields of its end.
        """
        self.calls += 1
        number = self.calls
        first = number if logical is None else logical
        attempt = 1 + sum(
            isinstance(each, CallStarted) and each.logical == first for each in self.records
        )
        self._write(
            CallStarted,
            call=number,
            service=service,
            operation=operation,
            method=method,
            path=path,
            headers=headers,
            identity=identity,
            occurrence=1,
            attempt=attempt,
            logical=first,
            sdk_retry=sdk_retry,
            body=b"" if body is None else json.dumps(body).encode(),
        )
        if effect:
            self._write(
                EffectCommitted,
                service=service,
                call=number,
                name=effect[0],
                key=effect[1:],
                data=data or {},
            )
        if fault is not None:
            self._write(FaultMoved, stage=stage, rule=0, fault=fault, service=service, call=number)
        if takes is not None:
            self.now += takes
            whole = outcome is Outcome.REPLIED
            bad = not whole or (status or 0) >= 400
            self._write(
                CallEnded,
                call=number,
                outcome=outcome,
                status=status,
                sent=12,
                complaint=complaint,
                breaches=breaches,
                failed=bad if failed is None else failed,
                body=_body(says),
                **(ended or {}),
            )
        return self

    def given_up(self, call: int) -> Story:
        """A call that has no end yet is given up by its client."""
        self._write(
            CallEnded, call=call, outcome=Outcome.ABANDONED, status=None, sent=0, failed=True
        )
        return self

    def wait(self, ns: int) -> Story:
        """Time goes by."""
        self.now += ns
        return self

    def told(
        self,
        name: str = "changed",
        *,
        service: str = "crm",
        says: Any = None,
        began: int | None = None,
    ) -> Story:
        """A webhook that the agent took; a second goes by. It was sent then, or when it `began`."""
        self.now += SECOND
        self._write(
            CallbackSent,
            service=service,
            call=max(self.calls, 1),
            name=name,
            id=f"{name}-{self.now}",
            attempt=1,
            url="http://agent/hook",
            began=self.now - SECOND if began is None else began,
            arrival=Arrival.TAKEN,
            last=True,
            status=200,
            body=_body(says),
        )
        return self

    def log(self, text: str = "", level: str = "INFO", logger: str = "agent", **data: Any) -> Story:
        """A line of the agent's log, with more fields."""
        self._write(LogWritten, logger=logger, level=level, text=text, data=data)
        return self

    def reply(
        self, text: str | None = "Done.", answer: Answer | None = Answer.ANSWERED, **more: Any
    ) -> Story:
        self._write(TurnEnded, text=text, answer=answer, **more)
        return self

    def end(self, end: End = End.COMPLETED, reason: str | None = None) -> Story:
        self.turn_number = None
        self._write(SessionEnded, end=end, reason=reason)
        return self

    @property
    def view(self) -> SessionView:
        return self.world.sessions[0]

    @property
    def world(self) -> JournalView:
        return JournalView.of(self.records)


def _body(says: Any) -> bytes:
    if says is None:
        return b""
    return says if isinstance(says, bytes) else json.dumps(says).encode()


def found(check: Check, story: Story, **services: dict[str, Any]) -> list[Finding]:
    """What a check finds in a session, given what the suite declares of its services."""
    declared = {name: ServiceUse(use="x.yaml", **use) for name, use in services.items()}
    return list(check.findings(story.view, Facts(services=declared)))


def found_with(check: Check, story: Story, **facts: Any) -> list[Finding]:
    """What a check finds in a session, given these facts."""
    return list(check.findings(story.view, Facts(**facts)))


def found_in_world(check: Check, *stories: Story, **facts: Any) -> list[Finding]:
    """What a check finds in the world of these sessions, given these facts."""
    world = JournalView.of(record for story in stories for record in story.records)
    return list(check.of_world(world, Facts(**facts)))


def configured(kind: type[Check], **settings: Any) -> Check:
    """A check with settings, as they are written in a suite."""
    return make(kind, CheckUse(kind.name, settings))


def read_example(kind: type[Check]) -> CheckUse:
    """The example that a check gives of itself, as the entry of a suite that it is."""
    text = f"checks: [{kind.example or kind.name}]"
    return read_model(text.encode(), Path("x.yaml"), _Entries).value.checks[0]


class _Entries(Part):
    checks: tuple[AnyCheck, ...]
