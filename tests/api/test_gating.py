"""A stored run is judged again without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit import api
from evalkit.engine.events import CellFailed, CellKey, Interrupted
from evalkit.errors import SuiteError, UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.store import REAL, Run, write_record
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.metrics.journals import Pen

FAULT = {"at": "items", "when": {"attempt": 1}, "inject": {"status": 503}}


def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    """A call of 50 ms; under faults three, a failure first, and 200 ms more."""
    pen = Pen(session).start().begin()
    if cell.scenario != "bad":
        return pen.call("items", 0, 50).reply(100).end(100).records
    pen.call("items", 0, 50, status=503, fault="status")
    pen.call("items", 150, 200, attempt=2, logical=1).call("items", 200, 250)
    return pen.reply(300).end(300).records


def ran(folder: Path, engine: Engine, **options: Any) -> Run:
    """The run of a suite with a sound scenario and a faulty one."""
    engine.story = story
    suite = write_suite(folder, **{**parts(), **options.pop("parts", {})})
    (run,) = api.run(suite, out=folder / "reports", **options)
    return run


def parts(bad: str = "max(session.added_latency) < 1s") -> dict[str, Any]:
    return {
        "gates": ["p90(turn.latency) < 150ms"],
        "scenarios": {"good": {}, "bad": {"faults": [FAULT], "gates": [bad]}},
    }


def gates_file(folder: Path, **content: Any) -> Path:
    path = folder / "gates.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_gates_of_the_suite_as_it_is_now(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    assert (run.verdict, run.exit_code) == (Verdict.PASS, 0)
    same = api.judge_again(run.folder)
    assert (same.verdict, same.record.gates, same.digest) == (
        run.verdict,
        run.record.gates,
        run.digest,
    )
    assert same.record.scenario("bad") == run.record.scenario("bad")
    write_suite(tmp_path, **parts("max(session.added_latency) < 150ms"))
    again = api.judge_again(run.folder)
    assert (again.verdict, again.exit_code) == (Verdict.FAIL, 1)
    assert again.record.reasons == (
        "bad: max(session.added_latency) is 200ms over 3 sessions, not below 150ms",
    )
    assert engine.runs == 1
    assert api.load_run(run.folder).record == run.record


def test_live_sessions_stay_a_sample(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    write_record(run.folder, replace(run.record, clock=REAL))
    again = api.judge_again(run.folder)
    assert (run.verdict, again.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)


def test_the_verdict_is_written_where_that_is_asked_for(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    file = gates_file(tmp_path, gates=["p90(turn.latency) < 50ms"])
    again = api.judge_again(run.folder, gates=file, write=True)
    assert again.verdict is Verdict.FAIL
    assert api.load_run(run.folder).record == again.record


@pytest.mark.parametrize(
    ("content", "verdict", "code"),
    [
        ({"gates": ["p90(turn.latency) < 101ms"]}, "pass", 0),
        ({"gates": ["warn p90(turn.latency) < 50ms"]}, "pass", 0),
        ({"gates": ["p90(turn.latency) < 101ms @ 95%"]}, "inconclusive", 3),
        ({"gates": ["rate(call.error where service=items) < 1% for each region"]}, "pass", 0),
        ({"gates": ["p90(session.cost) < $1"]}, "no_data", 3),
        ({"scenarios": {"bad": {"gates": ["mean(session.amplification) == 3"]}}}, "pass", 0),
        ({"scenarios": {"bad": {"gates": ["mean(session.amplification) < 3"]}}}, "fail", 1),
        ({}, "pass", 0),
    ],
)
def test_the_gates_of_a_file(
    tmp_path: Path, engine: Engine, content: dict[str, Any], verdict: str, code: int
) -> None:
    run = ran(tmp_path, engine)
    again = api.judge_again(run, gates=gates_file(tmp_path, **content))
    assert (again.verdict, again.exit_code) == (verdict, code)
    assert again.record.notes == (f"judged by the gates of {tmp_path / 'gates.yaml'}",)


def test_without_its_suite_a_run_is_judged_by_what_was_recorded(
    tmp_path: Path, engine: Engine
) -> None:
    gates = ["rate(call.error) < 1% for each service"]
    run = ran(tmp_path, engine, parts={"gates": gates})
    (tmp_path / "small.eval.yaml").unlink()
    again = api.judge_again(run.folder)
    assert again.record.gates == run.record.gates
    assert "the gates recorded" in again.record.notes[0]


def test_scenarios_that_the_suite_no_longer_has_keep_their_gates(
    tmp_path: Path, engine: Engine
) -> None:
    run = ran(tmp_path, engine)
    write_suite(tmp_path, scenarios={"good": {}})
    again = api.judge_again(run.folder)
    assert again.record.scenario("bad").gates == run.record.scenario("bad").gates
    assert "which no longer has bad" in again.record.notes[0]


def test_every_mistake_in_a_file_is_told_with_its_place(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    path = tmp_path / "gates.yaml"
    path.write_text(
        "gates:\n"
        "  - p90(turn.latncy) < 1s\n"
        '  - "rate(call.error where service=itemz) < 1%"\n'
        "  - mean(session.amplification) < 2\n"
        "scenarios:\n"
        "  bda: {gates: []}\n"
        "  bad: {gates: ['p90(turn.latency) < 1%']}\n"
    )
    with pytest.raises(SuiteError) as caught:
        api.judge_again(run, gates=path)
    found = [(each.line, each.column, each.suggestion) for each in caught.value.problems]
    assert found == [
        (2, 9, "turn.latency"),
        (3, 5, None),
        (4, 5, None),
        (6, 8, "bad"),
        (7, 38, None),
    ]


def test_what_did_not_run_stays_an_error(tmp_path: Path, engine: Engine) -> None:
    cell = CellKey("bad", 0)
    engine.instead[cell] = CellFailed(cell=cell, what="killed", detail="", start=True)
    run = ran(tmp_path, engine)
    again = api.judge_again(run.folder, gates=gates_file(tmp_path, gates=[]))
    assert (run.exit_code, again.exit_code, again.verdict) == (4, 4, Verdict.ERROR)


def test_an_interrupted_run_lacks_what_was_not_run(tmp_path: Path, engine: Engine) -> None:
    engine.instead[CellKey("bad", 0)] = Interrupted()
    run = ran(tmp_path, engine)
    assert (run.exit_code, api.judge_again(run.folder).exit_code) == (130, 3)


def test_of_one_session_gates_are_not_judged(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine, session="s1")
    file = gates_file(tmp_path, gates=["p90(turn.latency) < 1ms"])
    again = api.judge_again(run.folder, gates=file)
    assert (again.exit_code, again.record.gates) == (0, ())


def test_what_was_never_judged_cannot_be_judged_again(tmp_path: Path, engine: Engine) -> None:
    engine.instead[CellKey("bad", 0)] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        ran(tmp_path, engine)
    with pytest.raises(UsageError, match="was not brought to its end") as caught:
        api.judge_again(out=tmp_path / "reports")
    assert "--resume" in str(caught.value.hint)


# Controls --------------------------------------------------------------------------------------


def test_a_run_says_what_its_faults_cost(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    assert run.record.scenario("bad").control == "good"
    bad = run.sessions[run.sessions["scenario"] == "bad"]
    assert bad["amplification"].tolist() == [3.0] * 3
    assert bad["added_latency_ns"].tolist() == [200_000_000] * 3
    assert run.sessions[run.sessions["scenario"] == "good"]["amplification"].isna().all()


def test_an_added_control_is_judged_by_nothing(tmp_path: Path, engine: Engine) -> None:
    def broken(cell: CellKey, session: str) -> Sequence[AnyRecord]:
        if cell.scenario == "bad":
            return story(cell, session)
        return Pen(session).start().end(1, End.FAILED, "it raised").records

    gates = ["max(session.added_latency) < 1s"]
    scenarios = {"bad": {"faults": [FAULT], "gates": gates}}
    path = write_suite(tmp_path, scenarios=scenarios)
    engine.story = broken
    (run,) = api.run(path, out=tmp_path / "reports")
    control = run.record.scenario("control")
    assert (control.verdict, control.added, control.ends[End.FAILED]) == (None, True, 3)
    assert (run.verdict, run.record.scenario("bad").gates[0].observed) == ("pass", 299_000_000)
    assert run.digest == run.record.scenario("bad").digest
    engine.instead[CellKey("control", 0)] = CellFailed(
        cell=CellKey("control", 0), what="killed", detail=""
    )
    (run,) = api.run(path, out=tmp_path / "reports")
    assert run.record.scenario("bad").verdict is Verdict.NO_DATA
    assert run.record.scenario("control").verdict is None
    assert run.digest is not None


def test_without_controls_there_is_nothing_to_compare_with(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine, controls=False)
    (gate,) = run.record.scenario("bad").gates
    assert (gate.verdict, run.exit_code) == (Verdict.NO_DATA, 3)
    assert gate.why == "none of 3 sessions can be compared with the same one without faults"


def test_a_gate_that_can_never_pass_is_told_of_before_it_runs(
    tmp_path: Path, engine: Engine
) -> None:
    run = ran(tmp_path, engine, parts={"gates": ["p90(turn.latency) < 1s @ 95%"]})
    (warning,) = run.record.warnings
    assert "cannot pass with 3 sessions: to be 95% sure it needs at least 29" in warning
    assert "small.eval.yaml:" in warning


@pytest.mark.parametrize("table", ["calls", "turns", "events", "sessions"])
def test_a_run_that_lost_a_part_is_not_judged(tmp_path: Path, engine: Engine, table: str) -> None:
    run = ran(tmp_path, engine)
    (part,) = (run.folder / table).glob("bad*")
    part.unlink()
    with pytest.raises(UsageError, match="is missing"):
        api.judge_again(run.folder)
