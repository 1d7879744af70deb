"""Journals written record by record, in milliseconds, and the tables made of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from evalkit.journal.records import (
    AnyRecord,
    CallEnded,
    CallStarted,
    End,
    FaultMoved,
    Finding,
    Outcome,
    SessionEnded,
    SessionStarted,
    Severity,
    Stage,
    TurnEnded,
    TurnStarted,
)
from evalkit.metrics import Priced, Tables, build
from evalkit.services.base import ServiceInfo
from evalkit.wire import Usage

MS = 1_000_000
SERVICES = (
    ServiceInfo(name="llm", kind="openai"),
    ServiceInfo(name="crm", kind="rest"),
)


_TOKENS = ("input", "output", "cached", "cache_write", "reasoning")


class Pen:
    """Writes a journal. Times are in milliseconds of world time."""

    def __init__(self, session: str = "s1") -> None:
        self.session: str | None = session
        self.turn: int | None = None
        self.records: list[AnyRecord] = []
        self._calls = 0

    def _add(self, kind: Any, at: float, **fields: Any) -> Pen:
        who = {"session": self.session, "turn": self.turn}
        self.records.append(kind(at=round(at * MS), **{**who, **fields}))
        return self

    def start(self, at: float = 0, *, intended: float | None = None, region=None) -> Pen:
        intended_ns = round((at if intended is None else intended) * MS)
        return self._add(SessionStarted, at, intended=intended_ns, region=region)

    def end(self, at: float, end: End = End.COMPLETED, reason: str | None = None) -> Pen:
        self.turn = None
        return self._add(SessionEnded, at, end=end, reason=reason)

    def begin(self, at: float = 0, *, intended: float | None = None) -> Pen:
        self.turn = (self.turn or 0) + 1
        intended_ns = round((at if intended is None else intended) * MS)
        return self._add(TurnStarted, at, input="hello", intended=intended_ns)

    def reply(self, at: float, text: str | None = "Done.", **fields: Any) -> Pen:
        return self._add(TurnEnded, at, text=text, **fields)

    def call(
        self,
        service: str,
        begin: float,
        end: float | None,
        *,
        attempt: int = 1,
        logical: int | None = None,
        fault: str | None = None,
        delivered: bool = True,
        usage: tuple[int, ...] | None = None,
        body: bytes = b"",
        **ended: Any,
    ) -> Pen:
        """A call, whole: its start, the stages of a fault, and its end unless that is None."""
        self._calls += 1
        call = self._calls
        self._add(
            CallStarted,
            begin,
            call=call,
            service=service,
            operation="chat" if service == "llm" else "GET /",
            method="GET",
            path="/",
            identity="i",
            occurrence=1,
            attempt=attempt,
            logical=call if logical is None else logical,
            body=body,
        )
        if fault is not None:
            stages = (Stage.SCHEDULED, Stage.FIRED, *([Stage.DELIVERED] if delivered else []))
            for stage in stages:
                self.fault(begin, stage, fault=fault, service=service, call=call)
        if end is None:
            return self
        fields: dict[str, Any] = {"outcome": Outcome.REPLIED, "status": 200, **ended}
        status = fields["status"]
        wrong = status is None or status >= 400 or fields["outcome"] is not Outcome.REPLIED
        fields.setdefault("failed", wrong)
        tokens = None if usage is None else Usage(**dict(zip(_TOKENS, usage, strict=False)))
        return self._add(CallEnded, end, call=call, usage=tokens, **fields)

    def fault(self, at: float, stage: Stage, *, fault="status", service="crm", call=None) -> Pen:
        return self._add(
            FaultMoved, at, stage=stage, rule=0, fault=fault, service=service, call=call
        )

    def find(
        self, at: float, *calls: int, check="scope", severity=Severity.VIOLATION, **who: Any
    ) -> Pen:
        return self._add(
            Finding, at, check=check, severity=severity, message="wrong", calls=calls, **who
        )

    def tables(self, **given: Any) -> Tables:
        """The tables of this journal."""
        return tables(self.records, **given)


def tables(records: list[AnyRecord], **given: Any) -> Tables:
    """The tables of a journal, of a cell with a model and a tool whose tokens cost $1 each."""
    defaults: dict[str, Any] = {
        "scenario": "happy",
        "cell": 0,
        "services": SERVICES,
        "cpu_ns": {},
        "planned": ["s1"],
        "price": a_dollar_each,
    }
    return build(records, **{**defaults, **given})


def a_dollar_each(model: str | None, usage: Usage) -> Priced | None:
    """A price of $1 for each token of any model."""
    return Priced(Decimal(usage.input + usage.output), "test") if model else None
