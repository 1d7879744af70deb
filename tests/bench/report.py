"""The HTML report of a million stored calls: how long it takes, how much memory, and its size."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from evalkit.engine.events import CellKey
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.metrics import CallRow, SessionRow, TurnRow
from evalkit.report.html.writing import write_report
from evalkit.store import Run, RunRecord, ScenarioRecord, Status, part_name, write_record
from evalkit.store.columns import Row, table_of
from evalkit.store.events import rows_of
from evalkit.store.folder import WHOLE
from evalkit.store.parts import put
from evalkit.store.tables import TABLES
from tests.bench.aggregate import CALLS, CELLS, SESSIONS, call
from tests.bench.measuring import command
from tests.metrics.journals import Pen

SCENARIOS = ("happy", "flaky")
PEAK = "peak"
BODY = b'{"messages": [{"role": "user", "content": "' + b"Where is my refund? " * 40 + b'"}]}'


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bench"
        folder.mkdir()
        written(folder)
        size = sum(each.stat().st_size for each in folder.rglob("*.parquet"))
        took = command("-m", "tests.bench.report", str(folder))
        page = folder / "index.html"
        print(f"{CALLS:,} calls of {CELLS * SESSIONS:,} sessions, {size / 1e6:.0f} MB on disk")
        print(took.printed, end="")
        print(f"whole command  {took}")
        print(f"page           {page.stat().st_size / 1e6:8.2f} MB of 2")


def measure(folder: Path) -> None:
    """Write the report in a process of its own, and say what that took."""
    import resource

    began, busy = time.perf_counter(), time.process_time()
    write_report(Run(folder))
    real, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"report         {real:8.2f} s of 10 ({cpu:.2f} s of CPU)")
    print(f"memory         {peak:8.0f} MiB of 1024")


def written(folder: Path) -> None:
    """A run of that many calls, in two scenarios, of which one has faults and findings.

    The cells of a scenario differ in the names of their sessions only.
    """
    calls = [call(number) for number in range(CALLS // CELLS)]
    sessions = [f"{number:03}" for number in range(SESSIONS)]
    for scenario in SCENARIOS:
        faulty = scenario != SCENARIOS[0]
        rows: dict[str, list[Row]] = {
            "calls": [_call(each, scenario, faulty=faulty) for each in calls],
            "turns": list(_turns(sessions, scenario)),
            "sessions": list(_sessions(sessions, scenario)),
            "events": list(rows_of(_journal(sessions, faulty=faulty), scenario=scenario, cell=0)),
        }
        for name, own in rows.items():
            table = table_of(TABLES[name], own)
            for cell in range(CELLS // len(SCENARIOS)):
                key = CellKey(scenario, cell)
                put([_of_cell(table, cell)], folder / name / f"{part_name(key)}{WHOLE}")
    write_record(folder, _record(CELLS // len(SCENARIOS)))


def _of_cell(table: pa.Table, cell: int) -> pa.Table:
    """The table with the names of this cell's sessions."""
    names = pc.binary_join_element_wise(pa.scalar(f"s{cell}"), table.column("session"), "-")
    cells = pa.array([cell] * table.num_rows, pa.int64())
    table = table.set_column(table.schema.get_field_index("session"), "session", names)
    return table.set_column(table.schema.get_field_index("cell"), "cell", cells)


def _record(cells: int) -> RunRecord:
    scenarios = tuple(
        ScenarioRecord(
            name=name,
            sessions=cells * SESSIONS,
            cells=cells,
            faulty=name != SCENARIOS[0],
            verdict=Verdict.PASS if name == SCENARIOS[0] else Verdict.FAIL,
            control=None if name == SCENARIOS[0] else SCENARIOS[0],
        )
        for name in SCENARIOS
    )
    return RunRecord(
        run="bench",
        suite="bench",
        path="bench.eval.yaml",
        seed=0,
        scenarios=scenarios,
        command="evalkit run bench.eval.yaml",
        started="2026-01-05T09:00:00Z",
        status=Status.COMPLETE,
        verdict=Verdict.FAIL,
        budgets={"crm": 200_000_000},
    )


def _call(row: CallRow, scenario: str, *, faulty: bool) -> CallRow:
    hit = faulty and row.error
    return replace(
        row,
        scenario=scenario,
        fault="status" if hit else None,
        cause="injected" if hit else "organic",
    )


def _turns(sessions: list[str], scenario: str) -> Iterator[TurnRow]:
    pen = Pen()
    pen.start(0).begin(0).call("llm", 0, 400, usage=(100, 20), model="gpt-4o").reply(500).end(500)
    (turn,) = pen.tables().turns
    for session in sessions:
        for number in (1, 2, 3):
            yield replace(turn, scenario=scenario, session=session, turn=number)


def _sessions(sessions: list[str], scenario: str) -> Iterator[SessionRow]:
    pen = Pen()
    pen.start(0).begin(0).call("llm", 0, 400, usage=(100, 20), model="gpt-4o").reply(500).end(500)
    (row,) = pen.tables().sessions
    for number, session in enumerate(sessions):
        bad = scenario != SCENARIOS[0] and number % 3 == 0
        yield replace(
            row,
            scenario=scenario,
            session=session,
            end=End.FAILED if bad else End.COMPLETED,
            reason=f"turn 2 raised: order {number} is unknown" if bad else None,
            good=not bad,
            completed=not bad,
            violations=int(bad),
        )


def _journal(sessions: list[str], *, faulty: bool) -> Iterator[AnyRecord]:
    each = CALLS // CELLS // len(sessions)
    for number, session in enumerate(sessions):
        pen = Pen(session)
        pen.start(0).begin(0)
        for at in range(each):
            pen.call("crm", 10 * at, 10 * at + 8, body=BODY if at % 4 == 0 else b"")
        pen.reply(10 * each)
        if faulty and number % 3 == 0:
            pen.find(10 * each, 1, check="no-silent-failure")
        yield from pen.end(10 * each).records


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    measure(Path(sys.argv[1]))
