"""Writes a cell's tables. Called in the process that ran the cell."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.engine.cells import CellResult, SuitePlan
from evalkit.engine.events import CellKey
from evalkit.journal.records import AnyRecord
from evalkit.metrics import Prices, build
from evalkit.store.columns import Change, Row, tables_of
from evalkit.store.credentials import in_environment
from evalkit.store.events import rows_of
from evalkit.store.folder import PARTIAL, WHOLE, part_name
from evalkit.store.masking import Mask
from evalkit.store.parts import KeptCell, KeptCrash, put
from evalkit.store.tables import LAST, TABLES
from evalkit.suite.model import Expect

OUTPUT = "agent"
"""Where in a run's folder is what the processes of a live run's agent printed."""

_NAMES = frozenset(
    {
        *("scenario", "session", "region", "service", "kind", "operation", "method", "model"),
        *("route", "identity", "outcome", "cause", "fault", "answer", "end"),
        *("priced_as", "priced_by"),
    }
)
"""Columns by which rows are found and grouped: they hold no free text, and stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWriter:
    """Writes the result of a cell to a run's folder; the engine's `CellSink`.

    `expects` holds what scenarios expect of every session, `sensitive` the values to mask, by
    (scenario, session), and `everywhere` those to mask in all; `key` makes their pseudonyms.
    `prices` are what models cost, `files` the names of the files that the run is made of, by their
    absolute paths. The parts get their names once they are whole, the one of
    `sessions` last: a cell for which it is there is complete.
    """

    folder: Path
    expects: Mapping[str, Expect] = field(default_factory=dict)
    sensitive: Mapping[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    everywhere: tuple[str, ...] = field(default=(), repr=False)
    prices: Prices = field(default_factory=Prices)
    files: Mapping[str, str] = field(default_factory=dict)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    @classmethod
    def of(
        cls, plan: SuitePlan, folder: Path, key: bytes, *, files: Iterable[str] = ()
    ) -> CellWriter:
        """The writer for the cells of a plan. `files` are those that it is made of, by their paths
        from the suite's folder.
        """
        names = plan.suite.sensitive
        sensitive = {
            (scenario.name, session.id): tuple(map(session.record.vars.get, names))
            for scenario in plan.scenarios
            for cell in scenario.cells
            for session in cell
            if names
        }
        expects = {each.name: each.scenario.expect for each in plan.scenarios}
        home = plan.path.parent.resolve()
        return cls(
            folder=folder,
            expects=expects,
            sensitive=sensitive,
            everywhere=tuple(in_environment(plan.environment)),
            prices=plan.prices,
            files={os.path.normpath(home / each): each for each in files},
            key=key,
        )

    def __call__(self, result: CellResult) -> None:
        """Write the tables of this cell."""
        mask = self._mask(result.cell, result.planned).learning(result.records)
        records, identities = mask.records(result.records)
        change = _changing(mask, identities)
        rows = self._rows(result, records)
        part = part_name(result.cell)
        self._keep_output(result, mask)
        suffix = WHOLE if result.complete else PARTIAL
        for name in rows:
            tables = tables_of(TABLES[name], rows[name], change)
            note = self._note(result, mask) if name == LAST else None
            put(tables, self.folder / name / f"{part}{suffix}", note, of=result.cell)
        if result.complete:
            for name in rows:
                (self.folder / name / f"{part}{PARTIAL}").unlink(missing_ok=True)

    def _keep_output(self, result: CellResult, mask: Mask) -> None:
        """Keep what the processes of the agent printed, masked."""
        if result.output:
            path = self.folder / OUTPUT / f"{part_name(result.cell)}.log"
            path.parent.mkdir(exist_ok=True)
            path.write_text(mask.text(result.output), encoding="utf-8")

    def conceal(self, cell: CellKey, planned: Iterable[str], text: str) -> str:
        """A text about a cell with these sessions as it may be written."""
        return self._mask(cell, planned).text(text)

    def _mask(self, cell: CellKey, planned: Iterable[str]) -> Mask:
        values = (self._sensitive(cell.scenario, each) for each in planned)
        return Mask.of(self.key, (value for own in (self.everywhere, *values) for value in own))

    def _sensitive(self, scenario: str, session: str) -> tuple[object, ...]:
        """The values of a session. Under load it may be replayed more often than was planned, as
        `ID~N`: its values are those of the first time.
        """
        found = self.sensitive.get((scenario, session))
        if found is None:
            found = self.sensitive.get((scenario, session.rpartition("~")[0]))
        return found or ()

    def _rows(self, result: CellResult, records: Sequence[AnyRecord]) -> dict[str, Iterable[Row]]:
        """The rows of each table, in the order in which their parts are put in place.

        `records` are those to be written; figures are taken of what happened.
        """
        scenario, cell = result.cell.scenario, result.cell.index
        built = build(
            _measured(result),
            scenario=scenario,
            cell=cell,
            services=result.services,
            cpu_ns=result.cpu_ns,
            planned=result.planned,
            lost=result.lost,
            expect=self.expects.get(scenario),
            price=self.prices,
        )
        events = rows_of(records, scenario=scenario, cell=cell)
        rows: dict[str, Iterable[Row]] = {"calls": built.calls, "turns": built.turns}
        return {**rows, "events": events, LAST: built.sessions}

    def _loaded(self, opened: Set[str] | None) -> tuple[str, ...] | None:
        """Which of the run's files were read; None where that is not known."""
        if opened is None or not self.files:
            return None
        return tuple(sorted(name for path, name in self.files.items() if path in opened))

    def _note(self, result: CellResult, mask: Mask) -> KeptCell:
        return KeptCell(
            digest=result.digest,
            sessions=len(result.planned),
            virtual_ns=result.virtual_ns,
            stopped=result.stopped,
            loaded=self._loaded(result.opened),
            crashes=tuple(
                KeptCrash(each.check, each.session, mask.text(each.traceback))
                for each in result.crashes
            ),
        )


def _measured(result: CellResult) -> Sequence[AnyRecord]:
    """What figures are taken of: nothing of sessions that an interruption cut off."""
    if result.complete:
        return result.records
    planned = {None, *result.planned}
    return [each for each in result.records if each.session in planned]


def _changing(mask: Mask, identities: Mapping[str, str]) -> Callable[[str], Change | None]:
    """How the texts of a column are masked."""

    def change(column: str) -> Change | None:
        if column == "path":
            return mask.path
        if column == "identity" and identities:
            return lambda identity: identities.get(identity, identity)
        return None if mask.pattern is None or column in _NAMES else mask.text

    return change
