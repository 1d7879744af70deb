"""What a report reads of a stored run: the columns that it needs as arrays, and no others.

A run may have a million calls. Their columns are read as codes and numbers, findings only from the
cells that have some, and the journal only of the sessions that are told of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from evalkit.engine.events import CellKey
from evalkit.journal.records import AnyRecord, Finding
from evalkit.metrics.columns import Columns, Labels, labels_of
from evalkit.store import Run, RunRecord, part_name
from evalkit.store.arrays import array_of
from evalkit.store.columns import schema_of, table_of
from evalkit.store.events import KINDS, record_of
from evalkit.store.reading import open_part
from evalkit.store.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from evalkit.metrics.columns import Flags

Key: TypeAlias = tuple[str, str]
"""A scenario and a session of it."""

MOST_FINDINGS = 20_000
"""Findings that are grouped by signature; where there are more, the first so many."""

MOST_FINDING_CELLS = 60
"""Cells whose findings are read."""

_COLUMNS = {
    "calls": (
        *("scenario", "session", "service", "kind", "attempt", "attempts"),
        *("started_ns", "ended_ns", "latency_ns", "logical", "status", "error", "recovered"),
        *("cause", "fault", "cost", "unpriced"),
    ),
    "turns": (
        *("scenario", "session", "latency_ns", "llm_time_ns", "tool_time_ns", "wait_time_ns"),
    ),
    "sessions": (
        *("scenario", "cell", "session", "end", "reason", "latency_ns", "turns", "calls", "answer"),
        *("completed", "good", "recovered", "escalated", "degraded", "held", "cost", "retry_cost"),
        *("unpriced", "fault", "violations", "advice"),
    ),
}

_UNDER_LOAD = {"turns": ("started_ns",), "sessions": ("intended_ns", "ended_ns")}
"""What is read besides of a run under load, which is told of over time."""


@dataclass(frozen=True)
class Stored:
    """A run's record and its tables, as far as a report looks at them."""

    run: Run
    record: RunRecord
    calls: Columns
    turns: Columns
    sessions: Columns

    @classmethod
    def of(cls, run: Run) -> Stored:
        """Read a run. Raises `UsageError` where a part of it is missing or damaged."""
        calls, turns, sessions = (Columns(_table(run, each)) for each in _COLUMNS)
        return cls(run, run.record, calls, turns, sessions)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The scenario and id of every session, in order."""
        return tuple(
            zip(
                texts_of(self.sessions, "scenario"), texts_of(self.sessions, "session"), strict=True
            )
        )

    @cached_property
    def rows(self) -> dict[Key, int]:
        """The row of every session."""
        return {key: row for row, key in enumerate(self.keys)}

    @cached_property
    def journals(self) -> dict[str, Path]:
        """The parts that hold the journals of cells, by their names without suffix."""
        return {each.name.rpartition(".")[0]: each for each in self.run.parts("events")}

    @cached_property
    def services(self) -> dict[str, str]:
        """The services that were called, or that a fault was to meet, with their kinds."""
        names, kinds = self.calls.labels("service"), self.calls.labels("kind")
        found = {}
        for code, name in enumerate(names.texts):
            own = names.codes == code
            if own.any():
                found[name] = kinds.texts[int(kinds.codes[own.argmax()])]
        for scenario in self.record.scenarios:
            for rule in scenario.rules:
                name = str(rule.get("at", "")).partition(" ")[0]
                found.setdefault(name, "")
        return {name: found[name] for name in sorted(found) if name}

    @cached_property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """The findings with their scenarios, up to the stated numbers."""
        found: list[tuple[str, Finding]] = []
        for cell in self._cells_with_findings()[:MOST_FINDING_CELLS]:
            records = records_of(self, cell, kinds=("finding",))
            found.extend((cell.scenario, each) for each in records if isinstance(each, Finding))
            if len(found) >= MOST_FINDINGS:
                break
        return tuple(found[:MOST_FINDINGS])

    def _cells_with_findings(self) -> list[CellKey]:
        """Those of the scenarios in turn, so that none is left out for the size of another."""
        by_scenario: dict[str, list[CellKey]] = {}
        for name, cell in self._found_in():
            by_scenario.setdefault(name, []).append(CellKey(name, cell))
        for each in self.record.scenarios:  # findings about no session
            if each.checks and each.name not in by_scenario:
                by_scenario[each.name] = [CellKey(each.name, at) for at in range(each.cells)]
        longest = max(map(len, by_scenario.values()), default=0)
        return [own[at] for at in range(longest) for own in by_scenario.values() if at < len(own)]

    def _found_in(self) -> list[tuple[str, int]]:
        wrong = self.sessions.numbers("violations").values.astype(int)
        wrong = wrong + self.sessions.numbers("advice").values.astype(int)
        scenarios = self.sessions.labels("scenario")
        cells = self.sessions.numbers("cell").values
        some = wrong > 0
        pairs = set(zip(scenarios.codes[some].tolist(), cells[some].tolist(), strict=True))
        return sorted((scenarios.texts[code], int(cell)) for code, cell in pairs)


def texts_of(table: Columns, column: str) -> list[str]:
    """A column of labels as texts."""
    labels = table.labels(column)
    return [labels.texts[code] for code in labels.codes.tolist()]


def value(table: Columns, column: str, row: int) -> Any:
    """A number of a row, or None."""
    numbers = table.numbers(column)
    return numbers.values[row].item() if numbers.known[row] else None


def label(table: Columns, column: str, row: int) -> str:
    """A label of a row."""
    labels = table.labels(column)
    return labels.texts[int(labels.codes[row])]


def records_of(
    stored: Stored,
    cell: CellKey,
    *,
    kinds: Collection[str] = (),
    sessions: Collection[str] = (),
) -> Iterator[AnyRecord]:
    """The records of a cell, of some kinds or sessions; other rows are never made objects of."""
    part = stored.journals.get(part_name(cell))
    if part is None:
        return
    file = open_part(part, codes=("kind", "session"), mend=stored.run.mend)
    wanted = _wanted(file.read(["kind", "session"]), kinds, sessions)
    if not wanted:
        return
    rows = array_of_rows(wanted)
    bodies = not kinds or any("body" in KINDS[each].__dataclass_fields__ for each in kinds)
    columns = None if bodies else [each for each in file.columns if each != "body"]
    table = file.read(columns).take(rows)
    yield from map(record_of, table.to_pylist())


def _wanted(keys: pa.Table, kinds: Collection[str], sessions: Collection[str]) -> list[int]:
    import numpy as np

    flags: Flags = np.ones(keys.num_rows, dtype=bool)
    for column, values in (("kind", kinds), ("session", sessions)):
        if values:
            flags &= _among(labels_of(keys.column(column)), values)
    rows: list[int] = np.flatnonzero(flags).tolist()
    return rows


def _among(labels: Labels, values: Collection[str]) -> Flags:
    import numpy as np

    wanted: Flags = np.array([each in values for each in labels.texts], dtype=bool)
    return wanted[labels.codes] if len(labels.texts) else wanted


def array_of_rows(rows: list[int]) -> pa.Array:
    """The numbers of rows as an array of pyarrow."""
    import pyarrow as pa

    return array_of(pa.int64(), rows)


def _table(run: Run, name: str) -> pa.Table:
    import pyarrow as pa

    schema = schema_of(TABLES[name])
    texts = [each.name for each in schema if pa.types.is_string(each.type)]
    loaded = any(each.fidelity and each.fidelity.load for each in run.record.scenarios)
    used = (*_COLUMNS[name], *(_UNDER_LOAD.get(name, ()) if loaded else ()))
    tables, mend = [], run.mend
    for path in run.parts(name):
        part = open_part(path, codes=texts, mend=mend)
        columns = [each for each in used if each in part.columns]
        # most parts are small: a pool of threads costs more than it gains
        tables.append(part.read(columns, threads=False))
    if not tables:
        return table_of(TABLES[name], ()).select(list(used))
    return pa.concat_tables(tables, promote_options="default")
