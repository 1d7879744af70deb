"""Writes a cell's tables. Called in the process that ran the cell."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.cells import CellResult, SuitePlan
from evalkit.metrics import build
from evalkit.store.columns import Change, Row, table_of
from evalkit.store.events import rows_of
from evalkit.store.folder import PARTIAL, WHOLE, part_name
from evalkit.store.masking import Mask
from evalkit.store.tables import LAST, TABLES
from evalkit.suite.model import Expect

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = frozenset(
    {
        *("scenario", "session", "region", "service", "kind", "operation", "method", "model"),
        *("route", "identity", "outcome", "cause", "fault", "answer", "end"),
    }
)
"""Columns by which rows are found and grouped: they hold no free text, and stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWriter:
    """Writes the result of a cell to a run's folder; the engine's `CellSink`.

    `expects` holds what scenarios expect of every session, `sensitive` the values to mask, by
    (scenario, session); `key` makes their pseudonyms. The parts get their names once they are
    whole, the one of `sessions` last: a cell for which it is there is complete.
    """

    folder: Path
    expects: Mapping[str, Expect] = field(default_factory=dict)
    sensitive: Mapping[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    @classmethod
    def of(cls, plan: SuitePlan, folder: Path, key: bytes) -> CellWriter:
        """The writer for the cells of a plan."""
        names = plan.suite.sensitive
        sensitive = {
            (scenario.name, session.id): tuple(map(session.record.vars.get, names))
            for scenario in plan.scenarios
            for cell in scenario.cells
            for session in cell
            if names
        }
        expects = {each.name: each.scenario.expect for each in plan.scenarios}
        return cls(folder=folder, expects=expects, sensitive=sensitive, key=key)

    def __call__(self, result: CellResult) -> None:
        """Write the tables of this cell."""
        mask = self._mask(result)
        change = _changing(mask)
        rows = self._rows(result, mask)
        tables = {name: table_of(TABLES[name], rows[name], change) for name in rows}
        part = part_name(result.cell)
        for name, table in tables.items():
            _put(table, self.folder / name / f"{part}{WHOLE if result.complete else PARTIAL}")
        if result.complete:
            for name in tables:
                (self.folder / name / f"{part}{PARTIAL}").unlink(missing_ok=True)

    def _mask(self, result: CellResult) -> Mask:
        scenario = result.cell.scenario
        values = (self.sensitive.get((scenario, each), ()) for each in result.planned)
        return Mask.of(self.key, (value for own in values for value in own))

    def _rows(self, result: CellResult, mask: Mask) -> dict[str, Sequence[Row]]:
        """The rows of each table, in the order in which their parts are put in place."""
        scenario, cell = result.cell.scenario, result.cell.index
        built = build(
            result.records,
            scenario=scenario,
            cell=cell,
            services=result.services,
            cpu_ns=result.cpu_ns,
            planned=result.planned,
            expect=self.expects.get(scenario),
        )
        events = tuple(rows_of(map(mask.record, result.records), scenario=scenario, cell=cell))
        rows: dict[str, Sequence[Row]] = {"calls": built.calls, "turns": built.turns}
        return {**rows, "events": events, LAST: built.sessions}


def _changing(mask: Mask) -> Callable[[str], Change | None]:
    """How the texts of a column are masked."""

    def change(column: str) -> Change | None:
        if column == "path":
            return mask.path
        return None if mask.pattern is None or column in _NAMES else mask.text

    return change


def _put(table: pa.Table, path: Path) -> None:
    """Write a part under a temporary name, then give it its own."""
    import pyarrow.parquet as pq

    path.parent.mkdir(exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table, written, compression="zstd")
    written.replace(path)
