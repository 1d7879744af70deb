"""The rows of sessions, those that never started among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from evalkit.journal.records import Answer, End, FaultMoved, Stage
from evalkit.journal.views import SessionView
from evalkit.metrics.bills import Bill, bill
from evalkit.metrics.context import Context, fired
from evalkit.metrics.rows import CallRow, SessionRow, TurnRow

_LOST = "its cell came to no end: how far it was is not known"


def session_row(
    context: Context, session: SessionView, turns: Sequence[TurnRow], calls: Sequence[CallRow]
) -> SessionRow:
    """The row of a session that was started. One that did not end has errored."""
    counts = context.count(session.findings)
    return replace(
        missing_row(context, session.id),
        region=session.started.region,
        turns=len(turns),
        calls=len(calls),
        cpu_time_ns=_cpu(turns),
        fault=fired(session.faults),
        faults_fired=_count(session.faults, Stage.FIRED),
        faults_delivered=_count(session.faults, Stage.DELIVERED),
        effects=len(session.effects),
        violations=counts.violations,
        allowed=counts.allowed,
        advice=counts.advice,
        **_ended(context, session, met=counts.violations == 0),
        **_answers(turns),
        **asdict(bill(calls) if context.has_models else Bill()),
    )


def _ended(context: Context, session: SessionView, *, met: bool) -> dict[str, Any]:
    """How the session ended, and whether that was well; `met` says that nothing was violated."""
    ended, intended = session.ended, session.started.intended
    end = End.ERRORED if ended is None else ended.end
    hit = any(each.stage is Stage.DELIVERED for each in session.faults)
    return {
        "end": end,
        "reason": "it was under way when its world ended" if ended is None else ended.reason,
        "intended_ns": intended,
        "started_ns": session.started.at,
        "ended_ns": None if ended is None else ended.at,
        "latency_ns": None if ended is None else ended.at - intended,
        "completed": end is End.COMPLETED,
        "failed": end is not End.COMPLETED,
        "good": met and end in context.ends,
        "recovered": met and end is End.COMPLETED if hit else None,
    }


def _answers(turns: Sequence[TurnRow]) -> dict[str, Any]:
    """What kinds of replies the session's turns were."""
    answers = {each.answer for each in turns}
    return {
        "answer": turns[-1].answer if turns else None,
        "escalated": Answer.ESCALATED in answers,
        "degraded": Answer.DEGRADED in answers,
        "held": Answer.HOLD in answers,
    }


def missing_row(context: Context, session: str, *, lost: bool = False) -> SessionRow:
    """The row of a session that was planned and of which nothing is known: it was never started, or
    its cell was `lost`.
    """
    zeros = ("turns", "calls", "unpriced", "faults_fired", "faults_delivered")
    counted = dict.fromkeys((*zeros, "effects", "violations", "allowed", "advice"), 0)
    given = {
        "scenario": context.scenario,
        "cell": context.cell,
        "session": session,
        "end": End.ERRORED,
        "reason": _LOST if lost else "it was never started",
        "completed": False,
        "failed": True,
        "good": False,
    }
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(SessionRow))
    return SessionRow(**{**nothing, **counted, **given})


def _count(faults: Sequence[FaultMoved], stage: Stage) -> int:
    return sum(each.stage is stage for each in faults)


def _cpu(turns: Sequence[TurnRow]) -> int | None:
    known = [each.cpu_time_ns for each in turns if each.cpu_time_ns is not None]
    return sum(known) if known and len(known) == len(turns) else None
