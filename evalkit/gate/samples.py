"""The samples of a gate: the values of its metric in the rows that it is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

from evalkit.gate.conditions import AllOf, Condition, Where, can_hold, values_of
from evalkit.gate.model import Gate
from evalkit.gate.statistics import Cluster
from evalkit.metrics.aggregate import Measured
from evalkit.metrics.columns import Columns, Labels, Table
from evalkit.metrics.definitions import Kind

if TYPE_CHECKING:
    from evalkit.metrics.columns import Codes, Flags, Values

Expected: TypeAlias = Mapping[str, Collection[str]]
"""By label, the values that have to occur where a gate is judged for each of them."""


class Frames(Protocol):
    """The tables that gates are judged by."""

    @property
    def calls(self) -> Table:
        """A row per call."""
        ...

    @property
    def turns(self) -> Table:
        """A row per turn."""
        ...

    @property
    def sessions(self) -> Table:
        """A row per session."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """The values and, for each, its session's code. `rows` were in scope, `missing` had no value.
    `unknown` of these should have had one, because of so many `unpriced` model calls.

    `session_count` is how many sessions the values come from. One that was run in two scenarios is
    two of them, but one cluster: it is no independent sample of itself.
    """

    values: Values
    sessions: Codes
    session_count: int
    rows: int
    missing: int
    unknown: int = 0
    unpriced: int = 0

    @cached_property
    def measured(self) -> Measured:
        """The values, to take figures from."""
        return Measured(self.values)

    def clusters(self, of: Values) -> list[Cluster]:
        """By session, the sum of what there is `of` each value, and how many values there are."""
        import numpy as np

        sums = np.bincount(self.sessions, weights=of)
        there = self._counts > 0
        return list(zip(sums[there].tolist(), self._counts[there].tolist(), strict=True))

    @cached_property
    def _counts(self) -> Codes:
        """How many values each session gave."""
        import numpy as np

        counts: Codes = np.bincount(self.sessions)
        return counts


def select(gate: Gate, frames: Frames, scenarios: Collection[str]) -> Samples:
    """The samples of a gate in these scenarios. Gates on the same rows often follow each other."""
    table = Columns.of(getattr(frames, gate.metric.table))
    key = (gate.metric, gate.where, frozenset(scenarios))
    last, samples = table.memory.get("samples", (None, None))
    if last != key:
        samples = _selected(gate, table, scenarios)
        table.memory["samples"] = (key, samples)
    assert isinstance(samples, Samples)
    return samples


def _selected(gate: Gate, table: Columns, scenarios: Collection[str]) -> Samples:
    scope = _scope(table, scenarios)
    chosen = scope if gate.where is None else scope & _met(gate.where, table)
    numbers = table.numbers(gate.metric.column)
    have = chosen & numbers.known
    values = numbers.values[have]
    missing = chosen & ~numbers.known
    unpriced = _unpriced(gate, table, missing)
    return Samples(
        values=values.astype(bool) if gate.metric.kind is Kind.BOOLEAN else values,
        sessions=table.labels("session").codes[have],
        session_count=_sessions(table, have),
        rows=int(scope.sum()),
        missing=int(missing.sum()),
        unknown=int(missing.sum() if gate.metric.whole else (unpriced > 0).sum()),
        unpriced=int(unpriced.sum()),
    )


def _unpriced(gate: Gate, table: Columns, rows: Flags) -> Values:
    """For each of these rows how many model calls without a price it has, where that matters."""
    import numpy as np

    if gate.metric.unknown is None:
        return np.zeros(0)
    numbers = table.numbers(gate.metric.unknown)
    return np.where(numbers.known, numbers.values, 0)[rows]


def _scope(table: Columns, scenarios: Collection[str]) -> Flags:
    names = table.labels("scenario")
    return _flags(names, [each in scenarios for each in names.texts])


def _flags(labels: Labels, chosen: list[bool]) -> Flags:
    """Which rows have a chosen text, given for each text whether it is chosen."""
    import numpy as np

    flags: Flags = np.array([*chosen, False], dtype=bool)[labels.codes]
    return flags


def _met(where: Where, table: Columns) -> Flags:
    """Which rows meet the condition."""
    import numpy as np

    if isinstance(where, Condition):
        labels = table.labels(where.label)
        return _flags(labels, list(map(where.holds, labels.texts)))
    both = np.logical_and if isinstance(where, AllOf) else np.logical_or
    parts = [_met(each, table) for each in where]
    flags: Flags = both.reduce(parts)
    return flags


def _sessions(table: Columns, rows: Flags) -> int:
    import numpy as np

    scenario, session = table.labels("scenario"), table.labels("session")
    pairs = scenario.codes[rows] * (len(session.texts) + 1) + session.codes[rows]
    return int(np.count_nonzero(np.bincount(pairs)))


def groups_of(
    gate: Gate, frames: Frames, scenarios: Collection[str], expected: Expected
) -> tuple[str, ...]:
    """The values of the label for each of which a gate is judged: those that occur, and those that
    have to. A gate without such a label has none.
    """
    if gate.each is None:
        return ()
    table, label = Columns.of(getattr(frames, gate.metric.table)), gate.each
    rows = _scope(table, scenarios)
    rows = rows if gate.where is None else rows & _met(gate.where, table)
    labels = table.labels(label)
    there = (labels.texts[each] for each in sorted(set(labels.codes[rows].tolist())))
    found = {value for text in there for value in values_of(label, text)}
    found |= {each for each in expected.get(label, ()) if can_hold(gate.where, label, each)}
    return tuple(sorted(found))
