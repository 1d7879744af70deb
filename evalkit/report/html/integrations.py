"""The calls to each integration: how many, how long, what went wrong and whose doing it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evalkit.metrics.calls import INJECTED
from evalkit.metrics.columns import Columns
from evalkit.report.html.groups import flags_of, known, rows_by, spread_of, total_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Integration

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values


def integrations_of(stored: Stored) -> tuple[Integration, ...]:
    """A line per service, the most called first."""
    by_service = rows_by(stored.calls, "service")
    lines = [
        _integration(stored, service, kind, by_service[service])
        for service, kind in stored.services.items()
        if service in by_service
    ]
    return tuple(sorted(lines, key=lambda each: (-each.calls, each.service)))


def _integration(stored: Stored, service: str, kind: str, rows: Values) -> Integration:
    calls = stored.calls
    failed = rows[flags_of(calls, "error")[rows]]
    injected = int(_injected(calls)[failed].sum())
    firsts = rows[calls.numbers("attempts").known[rows]]
    unpriced = int(flags_of(calls, "unpriced")[rows].sum())
    costs = known(calls, "cost", rows)
    budget = stored.record.budgets.get(service)
    return Integration(
        service=service,
        kind=kind,
        calls=len(rows),
        logical=len(firsts),
        injected=injected,
        organic=len(failed) - injected,
        unrecovered=int((~flags_of(calls, "recovered")[firsts]).sum()),
        spread=spread_of(known(calls, "latency_ns", rows)),
        budget=budget,
        over_budget=None if budget is None else _over(calls, rows, budget),
        amplification=_amplification(stored, rows),
        cost=float(costs.sum()) if len(costs) else None,
        unpriced=unpriced,
    )


def _injected(calls: Columns) -> Values:
    labels = calls.labels("cause")
    codes = [code for code, text in enumerate(labels.texts) if text == INJECTED]
    flags: Values = labels.codes == (codes[0] if codes else -1)
    return flags


def _over(calls: Columns, rows: Values, budget: int) -> int:
    """How many logical calls took longer than their budget, from first request to last reply."""
    import numpy as np

    codes = np.zeros(len(rows), dtype=np.int64)
    for name in ("scenario", "session"):
        labels = calls.labels(name)
        codes = codes * (len(labels.texts) + 1) + labels.codes[rows]
    logical = calls.numbers("logical").values[rows].astype(np.int64)
    codes = codes * (int(logical.max(initial=0)) + 1) + logical
    _, group = np.unique(codes, return_inverse=True)
    begun, ended = calls.numbers("started_ns"), calls.numbers("ended_ns")
    start = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    end = np.zeros_like(start)
    np.minimum.at(start, group, begun.values[rows])
    np.maximum.at(end, group, np.where(ended.known[rows], ended.values[rows], 0))
    return int((end - start > budget).sum())


def _amplification(stored: Stored, rows: Values) -> float | None:
    """Calls of the scenarios that have a control, divided by those of their controls."""
    import numpy as np

    controls: Mapping[str, str] = {
        each.name: each.control for each in stored.record.scenarios if each.control is not None
    }
    labels = stored.calls.labels("scenario")
    counts = np.bincount(labels.codes[rows], minlength=len(labels.texts)).tolist()
    by_name = dict(zip(labels.texts, counts, strict=True))
    with_faults = sum(by_name.get(each, 0) for each in controls)
    without = sum(by_name.get(each, 0) for each in controls.values())
    return with_faults / without if without else None


def retry_costs(stored: Stored) -> float:
    """What the attempts after the first cost, in US dollars."""
    import numpy as np

    attempt = stored.calls.numbers("attempt")
    rows = np.flatnonzero(attempt.known & (attempt.values > 1))
    return total_of(stored.calls, "cost", rows)
