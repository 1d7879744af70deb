"""Folds the journal of a cell into the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evalkit.journal.records import AnyRecord, End
from evalkit.journal.views import JournalView, SessionView
from evalkit.metrics.calls import call_rows
from evalkit.metrics.context import Context, Price
from evalkit.metrics.pricing import Prices
from evalkit.metrics.rows import CallRow, SessionRow, Tables, TurnRow
from evalkit.metrics.sessions import missing_row, session_row
from evalkit.metrics.turns import turn_rows
from evalkit.services.base import ServiceInfo
from evalkit.suite.model import Expect


def build(
    records: Iterable[AnyRecord],
    *,
    scenario: str,
    cell: int,
    services: Sequence[ServiceInfo],
    cpu_ns: Mapping[tuple[str, int], int],
    planned: Sequence[str],
    lost: bool = False,
    expect: Expect | None = None,
    price: Price = Prices(),  # noqa: B008 (it is frozen)
) -> Tables:
    """The rows of a cell. `expect` is what its scenario expects and allows of every session; of one
    that was `lost`, nobody knows how far its sessions were.
    """
    context = Context(
        scenario=scenario,
        cell=cell,
        services={each.name: each for each in services},
        cpu_ns=cpu_ns,
        price=price,
        ends=expected_ends(expect),
        allowed=frozenset() if expect is None else frozenset(expect.findings.allow),
    )
    view = JournalView.of(records)
    return _tables(context, view, {each: missing_row(context, each, lost=lost) for each in planned})


def expected_ends(expect: Expect | None) -> frozenset[End]:
    """The ends that a scenario takes for good: completed, unless it says otherwise."""
    if expect is None or expect.end is None:
        return frozenset({End.COMPLETED})
    return frozenset(expect.end if isinstance(expect.end, tuple) else (expect.end,))


def _tables(context: Context, view: JournalView, sessions: dict[str, SessionRow]) -> Tables:
    """The rows of a journal. `sessions` are those of sessions of which it tells nothing."""
    calls: list[CallRow] = []
    turns: list[TurnRow] = []
    for session in view.sessions:
        own_calls, own_turns = _of_session(context, session)
        calls += own_calls
        turns += own_turns
        sessions[session.id] = session_row(context, session, own_turns, own_calls)
    calls += call_rows(context, view.unattributed, view.findings)
    return Tables(calls=tuple(calls), turns=tuple(turns), sessions=tuple(sessions.values()))


def _of_session(
    context: Context, session: SessionView
) -> tuple[tuple[CallRow, ...], tuple[TurnRow, ...]]:
    region = session.started.region
    calls = call_rows(context, session.calls, session.findings, region=region)
    return calls, turn_rows(context, session, calls)
