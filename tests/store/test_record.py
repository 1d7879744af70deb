from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.gate import GateResult, Verdict
from evalkit.journal.records import End
from evalkit.metrics import Unit
from evalkit.store import CellProblem, RunRecord, Status, read_record, to_json, write_record
from tests.store.runs import record_of, scenario_of

GATE = GateResult(
    gate="p90(turn.latency) < 850ms",
    figure="p90(turn.latency)",
    scope="happy",
    verdict=Verdict.FAIL,
    observed=912_000_000,
    op="<",
    limit=850_000_000,
    unit=Unit.DURATION,
    n=120,
    sessions=40,
    low=870_000_000,
    high=None,
    why="p90(turn.latency) is 912ms over 120 turns of 40 sessions, not below 850ms",
)
FULL = record_of(
    scenario_of(
        verdict=Verdict.FAIL,
        gates=(GATE,),
        ends={End.COMPLETED: 38, End.TIMED_OUT: 2},
        problems=(CellProblem(cell=0, what="it was killed"),),
        reasons=("late",),
        digest="abc",
    ),
    verdict=Verdict.FAIL,
    exit_code=1,
    digest="def",
    prices="2026-11-20",
)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path, FULL)
    assert read_record(tmp_path) == FULL


def test_the_json_is_plain() -> None:
    read = json.loads(to_json(FULL))
    assert read["verdict"] == "fail"
    assert read["scenarios"][0]["ends"] == {"completed": 38, "timed_out": 2}
    assert read["scenarios"][0]["gates"][0]["observed"] == 912_000_000


def test_a_figure_that_is_no_number_is_null() -> None:
    gate = replace(GATE, observed=float("nan"), high=float("inf"))
    text = to_json(record_of(scenario_of(gates=(gate,))))
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert read["scenarios"][0]["gates"][0]["observed"] is None


def test_a_record_takes_the_place_of_the_one_before_as_a_whole(tmp_path: Path) -> None:
    write_record(tmp_path, record_of(status=Status.UNFINISHED))
    write_record(tmp_path, record_of(status=Status.COMPLETE))
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]
    assert read_record(tmp_path).status is Status.COMPLETE


def test_a_new_record_is_unfinished() -> None:
    record = RunRecord(
        run="r", suite="s", path="p", seed=0, scenarios=(), command="c", started="now"
    )
    assert record.status is Status.UNFINISHED
    assert record.verdict is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"run": 1', "null"])
def test_a_file_that_is_no_record_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="not the record of a run"):
        read_record(tmp_path)


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_record(tmp_path)


def test_a_record_of_a_later_format_is_refused_as_that(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": 99, "runs": []}')
    with pytest.raises(UsageError, match="is of format 99; this evalkit reads up to 1"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ({}, ""),
        ({"ends": {End.COMPLETED: 3, End.TIMED_OUT: 1, End.FAILED: 0}}, "3 completed, 1 timed out"),
        ({"ends": {End.COMPLETED: 1}, "cut_off": 2}, "1 completed, 2 cut off, 1 not run"),
        ({"ends": {End.FAILED: 4}, "cut_off": 2}, "4 failed, 2 cut off"),
    ],
)
def test_sessions_are_counted_by_what_became_of_them(
    given: dict[str, object], counted: str
) -> None:
    found = scenario_of(sessions=4, **given).counted
    assert ", ".join(f"{number} {what}" for what, number in found) == counted
