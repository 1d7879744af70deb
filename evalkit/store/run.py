"""A stored run, read when asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.gate.watching import Ended
from evalkit.journal.records import AnyRecord, End, Finding
from evalkit.metrics.controls import paired
from evalkit.store.columns import concatenated
from evalkit.store.damage import damage, damage_within
from evalkit.store.events import record_of
from evalkit.store.folder import PARTIAL, WHOLE, part_name
from evalkit.store.frames import series_of
from evalkit.store.key import kept_key
from evalkit.store.lists import LazyColumns
from evalkit.store.parts import KeptCell, read_cell
from evalkit.store.reading import read, read_where
from evalkit.store.record import RunRecord, Status, read_record
from evalkit.store.scenario import ScenarioRecord
from evalkit.store.tables import LAST, TABLES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Tables as columns: lists of values by name, None where a value is missing. A column is read
    when it is asked for.
    """

    calls: Mapping[str, Sequence[Any]]
    turns: Mapping[str, Sequence[Any]]
    sessions: Mapping[str, Sequence[Any]]


class Run:
    """A run in its folder: what ran and what came of it, and its tables as pandas frames.

    `calls`, `turns`, `sessions` and `events` are read when first asked for. A run that is still
    going on, was interrupted or was killed gives what it has kept so far. Reading raises
    `UsageError` where a part of a cell that was run to its end is missing, is that of another cell,
    or is damaged.
    """

    def __init__(self, folder: Path, record: RunRecord | None = None) -> None:
        self.folder = folder
        self.record = read_record(folder) if record is None else record
        self._sound: set[Path] = set()

    @property
    def id(self) -> str:
        """The name of the run, which is that of its folder."""
        return self.record.run

    @property
    def verdict(self) -> Verdict | None:
        """What came of it; None while it has not been judged."""
        return self.record.verdict

    @property
    def digest(self) -> str | None:
        """One hash over all that happened; None where not every cell was run to its end."""
        return self.record.digest

    @property
    def exit_code(self) -> int | None:
        """The exit code that goes with the verdict."""
        return self.record.exit_code

    @cached_property
    def calls(self) -> pd.DataFrame:
        """One row per call on the wire."""
        return self._frame("calls")

    @cached_property
    def turns(self) -> pd.DataFrame:
        """One row per turn."""
        return self._frame("turns")

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """One row per planned session of the cells that ran. Those of faulty scenarios are compared
        with the same sessions without faults: `amplification`, `added_latency_ns`, `added_cost`.
        """
        frame = self._frame(LAST)
        controls = {each.name: each.control for each in self.record.scenarios}
        return frame.assign(**series_of(paired(frame, controls)))

    @cached_property
    def lists(self) -> Lists:
        """The tables that gates are judged by as plain lists, for which pandas is not needed."""
        calls, turns, sessions = map(self._lazy, ("calls", "turns", LAST))
        return Lists(calls=calls, turns=turns, sessions=sessions)

    def session_rows(self, scenario: str | None = None) -> list[dict[str, Any]]:
        """The rows of the sessions, of a scenario or of all."""
        rows: list[dict[str, Any]] = self._table(LAST, self._cells(scenario)).to_pylist()
        return rows

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per record of the journal."""
        return self._frame("events")

    def parts(self, name: str, scenario: str | None = None) -> Iterator[Path]:
        """The files of a table, one per cell that has one, in order."""
        found = (self._part(name, cell) for cell in self._cells(scenario))
        return (each for each in found if each is not None)

    def complete(self, cell: CellKey) -> bool:
        """Whether a cell was run to its end and all of it was kept."""
        return all(self._whole(name, cell).is_file() for name in TABLES)

    def kept(self, cell: CellKey) -> KeptCell | None:
        """What came of a cell, if it is complete and none of its parts is damaged."""
        for name in TABLES:
            path = self._whole(name, cell)
            if damage(path, name, cell) or damage_within(path):
                return None
        return read_cell(self._whole(LAST, cell))

    def ended(self, cell: CellKey) -> Mapping[str, Ended]:
        """How the sessions of a cell that is whole ended, by their ids."""
        turns = self._table("turns", [cell], ("session", "latency_ns")).to_pylist()
        latencies: dict[str, list[int | None]] = {}
        for each in turns:
            latencies.setdefault(each["session"], []).append(each["latency_ns"])
        rows = self._table(LAST, [cell], ("session", "end")).to_pylist()
        return {
            each["session"]: Ended(
                completed=each["end"] == End.COMPLETED,
                latency=own[0] if len(own := latencies.get(each["session"], [])) == 1 else None,
            )
            for each in rows
        }

    def discard(self, cell: CellKey) -> None:
        """Remove the whole parts of a cell that is to be run again, the one that completes it
        first: none of them may stay beside what comes of it then.
        """
        for name in (LAST, *TABLES):
            self._whole(name, cell).unlink(missing_ok=True)

    def check(self, scenario: str | None = None) -> None:
        """Raise `UsageError` where a part of a scenario, or of any, is missing or damaged."""
        for name in TABLES:
            for _ in self.parts(name, scenario):
                pass

    def records(
        self, scenario: str, *, session: str | None = None, kinds: Collection[str] = ()
    ) -> tuple[AnyRecord, ...]:
        """The journal's records of a scenario, of a session or of some kinds, in their order."""
        return tuple(self.each_record(scenario, session=session, kinds=kinds))

    def each_record(
        self, scenario: str, *, session: str | None = None, kinds: Collection[str] = ()
    ) -> Iterator[AnyRecord]:
        """The same one by one: no more than a cell is in memory."""
        wanted: dict[str, Collection[str | None]] = {"kind": kinds} if kinds else {}
        if session is not None:
            wanted["session"] = (session,)
        mend = self.mend
        for cell in self._cells(scenario):
            part = self._part("events", cell)
            table = None if part is None else read_where(part, wanted, mend=mend)
            if table is not None:
                yield from map(record_of, table.to_pylist())

    def cell_records(self, cell: CellKey) -> tuple[AnyRecord, ...]:
        """The journal's records of one cell, in their order."""
        return tuple(map(record_of, self._table("events", [cell]).to_pylist()))

    def findings(self, scenario: str) -> tuple[Finding, ...]:
        """What the checks found in a scenario, in order."""
        found = self.records(scenario, kinds=["finding"])
        return tuple(each for each in found if isinstance(each, Finding))

    def _cells(self, scenario: str | None = None) -> list[CellKey]:
        """The cells planned, in order."""
        return [
            CellKey(each.name, index)
            for each in self.record.scenarios
            for index in range(each.cells)
            if scenario in (None, each.name)
        ]

    def _frame(self, name: str) -> pd.DataFrame:
        """A table as a frame. Numbers keep their type where some are missing."""
        import pandas as pd
        import pyarrow as pa

        kept = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        frame: pd.DataFrame = self._table(name, self._cells()).to_pandas(types_mapper=kept.get)
        return frame

    def _lazy(self, name: str) -> LazyColumns:
        return LazyColumns(TABLES[name], lambda column: self._table(name, self._cells(), (column,)))

    def _table(
        self, name: str, cells: Iterable[CellKey], columns: Collection[str] | None = None
    ) -> pa.Table:
        paths, mend = (self._part(name, cell) for cell in cells), self.mend
        tables = (read(each, columns, mend=mend) for each in paths if each is not None)
        return concatenated(TABLES[name], tables, columns)

    def _whole(self, name: str, cell: CellKey) -> Path:
        return self.folder / name / f"{part_name(cell)}{WHOLE}"

    def _part(self, name: str, cell: CellKey) -> Path | None:
        """The part of a cell, the whole one if there is one."""
        path = self._whole(name, cell)
        if not self.complete(cell):
            if _ended(self.record, cell):
                lost = (each for each in TABLES if not self._whole(each, cell).is_file())
                missing = f"the part {self._whole(next(lost), cell)} is missing"
                raise UsageError(missing, hint=self.mend)
            path = path.with_suffix(PARTIAL)
            if not path.is_file():
                return None
        if path not in self._sound:
            if wrong := damage(path, name, cell):
                raise UsageError(wrong, hint=self.mend)
            self._sound.add(path)
        return path

    @property
    def mend(self) -> str:
        """What can be done where a part of it is missing or damaged. A run that is whole has no key
        to be resumed with, but for one of a single cell, which needs none.
        """
        cells = sum(each.cells for each in self.record.scenarios)
        again = cells == 1 or kept_key(self.folder) is not None
        resume = f"evalkit run --resume {self.folder}"
        return f"run it again: {resume if again else self.record.command}"

    def __repr__(self) -> str:
        verdict = self.record.verdict or self.record.status
        number = len(self.record.scenarios)
        count = f"{number} scenario{'s' * (number != 1)}"
        return f"<Run {self.id}: {verdict}, {count}>"

    def _repr_html_(self) -> str:
        from evalkit.store.notebook import html_of

        return html_of(self.record)


def _ended(record: RunRecord, cell: CellKey) -> bool:
    """Whether a cell was run to its end, by what was recorded when the run was over.

    A scenario has a digest when all its cells were. Of one that has none, those were that have no
    problem, if the run itself was not ended early.
    """
    scenario: ScenarioRecord = record.scenario(cell.scenario)
    if scenario.digest is not None:
        return True
    if record.status is not Status.COMPLETE or record.not_started is not None:
        return False
    troubled = {each.cell for each in scenario.problems}
    return bool(troubled) and cell.index not in troubled
