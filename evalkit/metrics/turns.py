"""The rows of turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalkit.journal.views import SessionView, TurnView
from evalkit.metrics.bills import Bill, bill
from evalkit.metrics.context import Context, fired, is_model
from evalkit.metrics.intervals import Interval, Split, split
from evalkit.metrics.rows import CallRow, TurnRow


def turn_rows(
    context: Context, session: SessionView, calls: Sequence[CallRow]
) -> tuple[TurnRow, ...]:
    """The rows of a session's turns, given the rows of its calls."""
    return tuple(
        _row(context, session, turn, [each for each in calls if each.turn == turn.turn])
        for turn in session.turns
    )


def _row(
    context: Context, session: SessionView, turn: TurnView, calls: Sequence[CallRow]
) -> TurnRow:
    ended = turn.ended
    counts = context.count(each for each in session.findings if each.turn == turn.turn)
    latency = None if ended is None else ended.at - turn.started.intended
    times = _times(turn, calls)
    used = bill(calls) if context.has_models else Bill()
    return TurnRow(
        scenario=context.scenario,
        cell=context.cell,
        session=session.id,
        turn=turn.turn,
        region=session.started.region,
        intended_ns=turn.started.intended,
        started_ns=turn.started.at,
        ended_ns=None if ended is None else ended.at,
        latency_ns=latency,
        llm_time_ns=None if times is None else times.llm,
        tool_time_ns=None if times is None else times.tool,
        wait_time_ns=None if times is None else times.wait,
        downstream_share=(times.llm + times.tool) / latency if times and latency else None,
        cpu_time_ns=context.cpu_ns.get((session.id, turn.turn)),
        failed=_failed(turn) or counts.violations > 0,
        timed_out=ended is not None and ended.timed_out,
        answer=None if ended is None else ended.answer,
        confidence=None if ended is None else ended.confidence,
        text=None if ended is None else ended.text,
        error=None if ended is None else ended.error,
        calls=len(calls),
        model=used.model,
        cost=used.cost,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
        unpriced=used.unpriced,
        fault=fired(each for each in session.faults if each.turn == turn.turn),
        violations=counts.violations,
        advice=counts.advice,
    )


def _failed(turn: TurnView) -> bool:
    """Whether the turn raised, timed out, came back empty, or never came back."""
    ended = turn.ended
    if ended is None or ended.timed_out or ended.error is not None:
        return True
    return not (ended.text or "").strip()


def _times(turn: TurnView, calls: Sequence[CallRow]) -> Split | None:
    if turn.ended is None:
        return None
    end = turn.ended.at
    models = (each for each in calls if is_model(each.kind))
    others = (each for each in calls if not is_model(each.kind))
    span = (turn.started.intended, end)
    return split(span, llm=_intervals(models, end), tool=_intervals(others, end))


def _intervals(calls: Iterable[CallRow], end: int) -> list[Interval]:
    """When these calls were in flight; one that never ended still is at the end of the turn."""
    return [(each.started_ns, end if each.ended_ns is None else each.ended_ns) for each in calls]
