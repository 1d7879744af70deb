"""The rows of sessions, those that never started among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.journal.records import Answer, End, FaultMoved, Stage
from evalkit.journal.views import SessionView
from evalkit.metrics.context import Context, fired, is_model
from evalkit.metrics.rows import CallRow, SessionRow, TurnRow


def session_row(
    context: Context, session: SessionView, turns: Sequence[TurnRow], calls: Sequence[CallRow]
) -> SessionRow:
    """The row of a session that was started. One that did not end has errored."""
    ended = session.ended
    end = End.ERRORED if ended is None else ended.end
    counts = context.count(session.findings)
    bill = _bill(context, calls)
    answers = {each.answer for each in turns}
    delivered = _count(session.faults, Stage.DELIVERED)
    met = counts.violations == 0
    return SessionRow(
        scenario=context.scenario,
        cell=context.cell,
        session=session.id,
        region=session.started.region,
        end=end,
        reason="it was under way when its world ended" if ended is None else ended.reason,
        intended_ns=session.started.intended,
        started_ns=session.started.at,
        ended_ns=None if ended is None else ended.at,
        latency_ns=None if ended is None else ended.at - session.started.intended,
        turns=len(turns),
        calls=len(calls),
        answer=turns[-1].answer if turns else None,
        completed=end is End.COMPLETED,
        failed=end is not End.COMPLETED,
        good=met and end in context.ends,
        recovered=met and end is End.COMPLETED if delivered else None,
        escalated=Answer.ESCALATED in answers,
        degraded=Answer.DEGRADED in answers,
        held=Answer.HOLD in answers,
        cost=bill.cost,
        tokens_in=bill.tokens_in,
        tokens_out=bill.tokens_out,
        cost_per_1k_tokens=bill.per_1k,
        unpriced=bill.unpriced,
        cpu_time_ns=_cpu(turns),
        fault=fired(session.faults),
        faults_fired=_count(session.faults, Stage.FIRED),
        faults_delivered=delivered,
        effects=len(session.effects),
        violations=counts.violations,
        allowed=counts.allowed,
        advice=counts.advice,
    )


def missing_row(context: Context, session: str) -> SessionRow:
    """The row of a session that was planned and never started."""
    return SessionRow(
        scenario=context.scenario,
        cell=context.cell,
        session=session,
        region=None,
        end=End.ERRORED,
        reason="it was never started",
        intended_ns=None,
        started_ns=None,
        ended_ns=None,
        latency_ns=None,
        turns=0,
        calls=0,
        answer=None,
        completed=False,
        failed=True,
        good=False,
        recovered=None,
        escalated=None,
        degraded=None,
        held=None,
        cost=None,
        tokens_in=None,
        tokens_out=None,
        cost_per_1k_tokens=None,
        unpriced=0,
        cpu_time_ns=None,
        fault=None,
        faults_fired=0,
        faults_delivered=0,
        effects=0,
        violations=0,
        allowed=0,
        advice=0,
    )


def _count(faults: Sequence[FaultMoved], stage: Stage) -> int:
    return sum(each.stage is stage for each in faults)


def _cpu(turns: Sequence[TurnRow]) -> int | None:
    known = [each.cpu_time_ns for each in turns if each.cpu_time_ns is not None]
    return sum(known) if known and len(known) == len(turns) else None


@dataclass(frozen=True, slots=True)
class _Bill:
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    unpriced: int = 0

    @property
    def per_1k(self) -> float | None:
        tokens = (self.tokens_in or 0) + (self.tokens_out or 0)
        return None if self.cost is None or not tokens else self.cost / tokens * 1000


def _bill(context: Context, calls: Sequence[CallRow]) -> _Bill:
    """What the session's model calls used. One unknown part makes the sum unknown."""
    if not context.has_models:
        return _Bill()
    models = [each for each in calls if is_model(each.kind)]
    unmetered = sum(each.tokens_in is None and not each.error for each in models)
    unpriced = unmetered + sum(each.tokens_in is not None and each.cost is None for each in models)
    return _Bill(
        None if unmetered else sum(each.tokens_in or 0 for each in models),
        None if unmetered else sum(each.tokens_out or 0 for each in models),
        None if unpriced else math.fsum(each.cost or 0 for each in models),
        unpriced,
    )
