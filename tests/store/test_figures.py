"""The figures of a stored run are what its frames hold, read without pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evalkit.engine.events import CellKey
from evalkit.gate import Verdict, judge, parse_gate
from evalkit.store.figures import figures_of, used_columns
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored

GATES = (
    "p90(turn.latency) < 1s",
    "rate(call.error where service=crm or service=l*) < 50%",
    "mean(session.cost) < $1",
    "rate(session.recovered) > 50%",
    "max(session.added_latency) < 1s",
)


def test_gates_judge_figures_as_they_judge_frames(tmp_path: Path) -> None:
    cells = [
        result_of(short_session("s1"), scenario="bad"),
        result_of(short_session("s2"), scenario="bad", index=1),
        result_of(Pen("s1").start().begin().reply(5).end(5).records, scenario="good"),
    ]
    record = record_of(scenario_of("bad", control="good", cells=2, sessions=2), scenario_of("good"))
    run = stored(tmp_path, *cells, record=record)
    for each in map(parse_gate, GATES):
        found = judge(each, figures_of(run), {"bad"})
        assert found == judge(each, run, {"bad"})
        assert found.n


def test_only_what_is_used_is_read(tmp_path: Path) -> None:
    assert {"scenario", "session", "latency_ns", "service"} <= set(used_columns("calls"))
    assert not {"path", "identity", "started_ns"} & set(used_columns("calls"))
    assert "amplification" not in used_columns("sessions")


def test_a_run_of_no_parts_has_figures_of_nothing(tmp_path: Path) -> None:
    run = stored(tmp_path)
    assert not run.complete(CellKey("happy", 0))
    result = judge(parse_gate("rate(session.completed) > 99%"), figures_of(run), {"happy"})
    assert result.verdict is Verdict.NO_DATA


def test_pandas_is_not_needed(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    code = f"""
import sys
from pathlib import Path
from evalkit.gate import judge, parse_gate
from evalkit.store import Run
from evalkit.store.figures import figures_of
figures = figures_of(Run(Path({str(run.folder)!r})))
for gate in {GATES!r}:
    judge(parse_gate(gate), figures, {{"happy"}})
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
