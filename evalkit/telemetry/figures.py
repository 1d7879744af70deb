"""The figures of a run's tables as metrics: every metric that gates know, by scenario, those of
calls by service too.

A duration, a cost or a number is a summary; a truth is a share and how many it is of. A figure
that cannot be known, because some call has no price, has no sample: missing is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from evalkit.metrics.aggregate import nearest_rank
from evalkit.metrics.columns import Table
from evalkit.metrics.controls import WithControls
from evalkit.metrics.definitions import METRICS, Kind, Metric, TableName, Unit
from evalkit.store import Run
from evalkit.telemetry.families import Family, Sample, Spread

QUANTILES = (0.5, 0.9, 0.99)
_SUFFIX: Mapping[Unit, str] = MappingProxyType(
    {Unit.DURATION: "_seconds", Unit.SHARE: "_ratio", Unit.MONEY: "_dollars", Unit.COUNT: ""}
)
_UCUM: Mapping[Unit, str] = MappingProxyType(
    {Unit.DURATION: "s", Unit.SHARE: "1", Unit.MONEY: "{USD}", Unit.COUNT: ""}
)
_NANO = 1e9
_Labels: TypeAlias = tuple[tuple[str, str], ...]
_Known: TypeAlias = Mapping[_Labels, Sequence[float]]


def name_of(metric: Metric) -> str:
    """What a metric is called where names end in units: `evalkit_turn_latency_seconds`."""
    return f"evalkit_{metric.name.replace('.', '_')}{_SUFFIX[metric.unit]}"


def figures_of(run: Run) -> Iterator[Family]:
    """The families of all metrics, then how many calls there were and how many have no price."""
    controls = {each.name: each.control for each in run.record.scenarios}
    tables: dict[TableName, Table] = {
        "calls": run.lists.calls,
        "turns": run.lists.turns,
        "sessions": WithControls(run.lists.sessions, controls),
    }
    groups = {name: _Groups.of(run, name, table) for name, table in tables.items()}
    for metric in METRICS.values():
        yield from groups[metric.table].families(metric)
    yield from groups["calls"].counts()


class _Groups:
    """The rows of a table by their labels."""

    def __init__(self, table: Table, rows: Mapping[_Labels, Sequence[int]]):
        self._table, self._rows = table, rows

    @classmethod
    def of(cls, run: Run, name: TableName, table: Table) -> _Groups:
        """The groups of a run's table. Controls that were added for comparison are left out."""
        names = ("scenario", "service") if name == "calls" else ("scenario",)
        found: dict[_Labels, list[int]] = defaultdict(list)
        for row, values in enumerate(zip(*(table[each] for each in names), strict=True)):
            if values[0] not in run.record.added:
                labels = (("suite", run.record.suite), *zip(names, values, strict=True))
                found[labels].append(row)
        return cls(table, found)

    def families(self, metric: Metric) -> Iterator[Family]:
        """The families of one metric."""
        name, about, unit = name_of(metric), metric.description, _UCUM[metric.unit]
        values = {labels: self._known(metric, rows) for labels, rows in self._rows.items()}
        known = {labels: each for labels, each in values.items() if each is not None}
        if metric.kind is Kind.BOOLEAN:
            yield from _shares(name, about, known)
        elif metric.signed:
            yield Family(name=name, help=about, unit=unit, samples=tuple(_signed(known)))
        else:
            yield Family(name=name, help=about, unit=unit, spreads=tuple(_spreads(known)))

    def counts(self) -> Iterator[Family]:
        """How many calls there were, which of them failed and why, and which have no price."""
        error, cause, unpriced = (self._table[each] for each in ("error", "cause", "unpriced"))
        calls, errors, unknown = [], [], []
        for labels, rows in self._rows.items():
            own = dict(labels)
            calls.append(Sample(labels=own, value=len(rows)))
            unknown.append(Sample(labels=own, value=sum(bool(unpriced[row]) for row in rows)))
            for each in ("injected", "organic"):
                count = sum(bool(error[row]) and cause[row] == each for row in rows)
                errors.append(Sample(labels={**own, "cause": each}, value=count))
        unit = "{call}"
        for name, about, samples in (
            ("evalkit_calls", "Calls on the wire", calls),
            ("evalkit_call_errors", "Calls that got no usable reply, by cause", errors),
            ("evalkit_calls_unpriced", "Calls of models whose cost is not known", unknown),
        ):
            yield Family(name=name, help=about, unit=unit, samples=tuple(samples))

    def _known(self, metric: Metric, rows: Sequence[int]) -> list[float] | None:
        """The values of some rows in order of size; None where they cannot be known."""
        column = self._table[metric.column]
        if metric.unknown is not None and any(self._table[metric.unknown][row] for row in rows):
            return None
        given = [column[row] for row in rows]
        values = [each for each in given if each is not None and each == each]
        if metric.whole and len(values) < len(given):
            return None
        scale = _NANO if metric.unit is Unit.DURATION else 1
        return sorted(float(each) / scale for each in values)


def _shares(name: str, about: str, known: _Known) -> Iterator[Family]:
    counts = [Sample(labels=dict(labels), value=len(each)) for labels, each in known.items()]
    shares = [
        Sample(labels=dict(labels), value=sum(each) / len(each))
        for labels, each in known.items()
        if each
    ]
    yield Family(name=name, help=about, unit="1", samples=tuple(shares))
    of = f"{name.removesuffix('_ratio')}_samples"
    yield Family(name=of, help=f"How many {name} is of", samples=tuple(counts))


def _signed(known: _Known) -> Iterator[Sample]:
    """Quantiles as gauges: the sum of a summary may not fall."""
    for labels, values in known.items():
        for quantile, value in _quantiles(values).items():
            yield Sample(labels={**dict(labels), "quantile": f"{quantile:g}"}, value=value)


def _spreads(known: _Known) -> Iterator[Spread]:
    for labels, values in known.items():
        yield Spread(
            labels=dict(labels), count=len(values), sum=sum(values), quantiles=_quantiles(values)
        )


def _quantiles(values: Sequence[float]) -> dict[float, float]:
    if not values:
        return {}
    ranks = {each: nearest_rank(len(values), Fraction(str(each))) for each in QUANTILES}
    return {quantile: values[rank - 1] for quantile, rank in ranks.items()}
