"""The samples of a gate: the values of its metric in the rows that it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalkit.gate.model import Condition, Gate
from evalkit.gate.statistics import Cluster
from evalkit.metrics.aggregate import plain
from evalkit.metrics.definitions import NONE, Kind
from evalkit.metrics.rows import FAULT_SEPARATOR


class Table(Protocol):
    """Columns by their names: a pandas frame, or a mapping of sequences."""

    def __getitem__(self, column: str, /) -> Any:
        """A column."""
        ...


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The values and, for each, its session. `rows` were in scope, `missing` had no value."""

    values: tuple[Any, ...]
    sessions: tuple[Hashable, ...]
    rows: int
    missing: int

    @property
    def session_count(self) -> int:
        """How many sessions the values come from."""
        return len(set(self.sessions))

    def clusters(self, of: Callable[[Any], float]) -> list[Cluster]:
        """The values by session, as sums of what `of` makes of them."""
        sums: dict[Hashable, float] = defaultdict(float)
        counts: dict[Hashable, int] = defaultdict(int)
        for value, session in zip(self.values, self.sessions, strict=True):
            sums[session] += of(value)
            counts[session] += 1
        return [(sums[each], counts[each]) for each in counts]


def select(gate: Gate, frames: Frames, scenarios: Collection[str]) -> Samples:
    """The samples of a gate in these scenarios."""
    table: Table = getattr(frames, gate.metric.table)
    names = plain(table["scenario"])
    scope = {at for at, each in enumerate(names) if each in scenarios}
    chosen = sorted(_where(gate.where, table, scope))
    column = plain(table[gate.metric.column])
    sessions = plain(table["session"])
    have = [at for at in chosen if column[at] is not None]
    return Samples(
        values=tuple(_values(gate, (column[at] for at in have))),
        sessions=tuple((names[at], sessions[at]) for at in have),
        rows=len(scope),
        missing=len(chosen) - len(have),
    )


def _values(gate: Gate, values: Iterable[Any]) -> Iterable[Any]:
    return map(bool, values) if gate.metric.kind is Kind.BOOLEAN else values


def _where(conditions: Sequence[Condition], table: Table, rows: set[int]) -> set[int]:
    for each in conditions:
        column = plain(table[each.label])
        rows = {at for at in rows if holds(each, column[at])}
    return rows


def holds(condition: Condition, value: object) -> bool:
    """Whether a row whose label has this value meets the condition.

    A row hit by several faults has each of them.
    """
    text = _text(value)
    texts = text.split(FAULT_SEPARATOR) if condition.label == "fault" else [text]
    return (condition.value in texts) == (condition.op == "=")


def _text(value: object) -> str:
    if value is None:
        return NONE
    return str(value).lower() if isinstance(value, bool) else str(value)
