"""A million stored calls: read, and aggregated to all figures by service."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evalkit.engine.events import CellKey
from evalkit.gate import judge_gates
from evalkit.journal.records import Outcome
from evalkit.keyed import Draw
from evalkit.metrics import METRICS, CallRow, Kind
from evalkit.store import Run, RunRecord, ScenarioRecord, part_name
from evalkit.store.columns import Row, table_of
from evalkit.store.figures import figures_of
from evalkit.store.folder import WHOLE
from evalkit.store.parts import put
from evalkit.store.tables import TABLES

CALLS, CELLS, SESSIONS = 1_000_000, 200, 50
SERVICES = ("llm", "crm", "profiles", "queue")
NUMBERS = ("mean", "min", "max", "sum", "stddev", "cv", "p50", "p90", "p95", "p99", "p99.9")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = written(Path(folder))
        before = peak()
        began, busy = time.perf_counter(), time.process_time()
        figures = figures_of(run)
        read = time.perf_counter() - began
        found = judge_gates(all_gates(), figures, {"happy"})
        real, cpu = time.perf_counter() - began, time.process_time() - busy
        began = time.perf_counter()
        apart = judge_gates(all_gates(" for each service"), figures, {"happy"})
        each = time.perf_counter() - began
    print(f"{CALLS:,} calls of {CELLS * SESSIONS:,} sessions in {CELLS} parts")
    print(f"read           {read:8.2f} s")
    print(f"{len(found):4} figures   {real:8.2f} s with reading ({cpu:.2f} s of CPU)")
    print(f"{len(apart):4} by service {each:7.2f} s more")
    print(f"memory         {peak():8.0f} MiB at most, {before:.0f} MiB before")


def peak() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def all_gates(tail: str = "") -> Iterator[str]:
    """A gate for every aggregate of every metric of calls: figure, interval and verdict."""
    limits = {"duration": "1h", "share": "100%", "money": "$9", "count": "9"}
    for metric in METRICS.values():
        if metric.table != "calls":
            continue
        for aggregate in ("count", *(["rate"] if metric.kind is Kind.BOOLEAN else NUMBERS)):
            unit = "share" if aggregate in ("rate", "cv") else metric.unit.value
            limit = limits["count" if aggregate == "count" else unit]
            yield f"{aggregate}({metric.name}) <= {limit}{tail}"


def written(folder: Path) -> Run:
    """A run of that many calls. The cells differ in the names of their sessions only."""
    calls = [call(number) for number in range(CALLS // CELLS)]
    for cell in range(CELLS):
        own = [replace(each, session=f"s{cell}-{each.session}", cell=cell) for each in calls]
        store(folder, "calls", own, cell)
    scenario = ScenarioRecord(name="happy", sessions=CELLS * SESSIONS, cells=CELLS)
    record = RunRecord(
        run="bench",
        suite="bench",
        path="bench",
        seed=0,
        scenarios=(scenario,),
        command="",
        started="",
    )
    for table in ("turns", "events", "sessions"):
        for cell in range(CELLS):
            store(folder, table, [], cell)
    return Run(folder, record)


def store(folder: Path, table: str, rows: list[Row], cell: int) -> None:
    """Write a part as the store does."""
    put(
        [table_of(TABLES[table], rows)],
        folder / table / f"{part_name(CellKey('happy', cell))}{WHOLE}",
    )


def call(number: int) -> CallRow:
    """A call that has every figure."""
    draw = Draw("bench", number)
    latency = round(draw.exponential(80_000_000, "latency"))
    failed = draw.uniform(0, 1, "failed") < 0.03
    return CallRow(
        scenario="happy",
        cell=0,
        session=f"{number % SESSIONS:03}",
        turn=1 + number % 3,
        region="eu" if number % 2 else "us",
        call=number,
        service=SERVICES[number % len(SERVICES)],
        kind="rest",
        operation="GET /customers/{id}",
        method="GET",
        path=f"/customers/{number}",
        model="gpt-4o" if number % 4 == 0 else None,
        route="GET /customers/{id}",
        identity=f"{number:032x}",
        occurrence=1,
        attempt=1,
        logical=number,
        sdk_retry=None,
        started_ns=number * 1_000_000,
        ended_ns=number * 1_000_000 + latency,
        outcome=Outcome.REPLIED,
        status=503 if failed else 200,
        latency_ns=latency,
        first_token_ns=latency // 2 if number % 4 == 0 else None,
        inter_token_ns=latency / 200 if number % 4 == 0 else None,
        error=failed,
        timeout=False,
        attempts=1 + failed,
        recovered=not failed,
        cause="organic",
        fault=None,
        tokens_in=100,
        tokens_out=50,
        tokens_cached=0,
        tokens_cache_write=0,
        tokens_reasoning=0,
        cost=0.001,
        priced_as="gpt-4o",
        priced_by="genai-prices",
        unpriced=False,
        effects=0,
        violations=0,
        advice=0,
    )


if __name__ == "__main__":
    main()
