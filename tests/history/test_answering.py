"""Answers hold the figures that gates judge, whichever way they were read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalkit.gate import judge_gates
from evalkit.history import Answer, Understood, answer, names_in, stored_runs, understand
from evalkit.store import Run, Status
from evalkit.store.figures import figures_of
from tests.history.stored import NAMED, run_of, runs_in

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def told(question: str, out: Path) -> Answer:
    runs = runs_in(out)
    names = names_in(runs)
    found = understand(question, names, NOW)
    assert isinstance(found, Understood), found
    return answer(found.reading, runs, names)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_of(tmp_path_factory.mktemp("one"), 5)


BOTH = {"happy", "crm-down"}


@pytest.mark.parametrize(
    ("question", "gate", "scenarios"),
    [
        ("error rate of crm with faults", "rate(call.error where service=crm) > 0%", {"crm-down"}),
        ("error rate of crm overall", "rate(call.error where service=crm) > 0%", BOTH),
        ("how many calls failed overall", "count(call.error) > 0", BOTH),
        ("p50 latency of crm overall", "p50(call.latency where service=crm) > 0s", BOTH),
        ("mean turn latency without faults", "mean(turn.latency) > 0s", {"happy"}),
        ("p90 turn latency in us overall", "p90(turn.latency where region=us) > 0s", BOTH),
        (
            "error rate of crm when fault = status",
            "rate(call.error where service=crm and fault=status) > 0%",
            BOTH,
        ),
        (
            f'p95 latency of "{NAMED}" overall',
            f'p95(call.latency where service="{NAMED}") > 0s',
            BOTH,
        ),
        (
            "error rate of calls except crm, overall",
            "rate(call.error where service!=crm) > 0%",
            BOTH,
        ),
        (
            "total output tokens of gpt-4o overall",
            "sum(call.tokens_out where model=gpt-4o) > 0",
            BOTH,
        ),
        ("p90 added latency", "p90(session.added_latency) > 0s", BOTH),
        ("mean amplification in crm-down", "mean(session.amplification) > 0", BOTH),
        ("recovery rate", "rate(session.recovered) > 0%", {"crm-down"}),
        (
            "p95 session latency with gpt-4o overall",
            "p95(session.latency where model=gpt-4o) > 0s",
            BOTH,
        ),
    ],
)
def test_a_figure_is_that_of_the_gate(
    one: Run, question: str, gate: str, scenarios: set[str]
) -> None:
    (judged,) = judge_gates([gate], figures_of(one), scenarios)
    (line,) = told(question, one.folder.parent).lines
    value = line.value
    assert judged.observed is not None
    assert (value.observed, value.low, value.high) == (judged.observed, judged.low, judged.high)
    assert (value.n, value.sessions, line.unit) == (judged.n, judged.sessions, judged.unit)


def test_scenarios_with_faults_are_told_apart(one: Run) -> None:
    lines = told("error rate of crm", one.folder.parent).lines
    assert [(each.scope, each.value.observed) for each in lines] == [
        ("without faults", 0),
        ("with faults", 1 / 3),
    ]


def test_the_query_is_the_rows_that_were_taken(one: Run) -> None:
    import duckdb

    (line,) = told("error rate of crm with faults", one.folder.parent).lines
    rows = duckdb.sql(line.sql).fetchall()
    assert len(rows) == line.value.n == 3


def test_values_are_told_apart_and_the_highest_is_marked(one: Run) -> None:
    lines = told("which service has the highest error rate overall", one.folder.parent).lines
    assert [(each.value.group, each.extreme) for each in lines] == [
        *(("crm", True), ("llm", False), (NAMED, False)),
    ]


def test_what_is_compared_and_does_not_occur_is_named(tmp_path: Path) -> None:
    run_of(tmp_path, 1)
    run_of(tmp_path, 2, suite="other", budgets={"queue": 1})
    lines = told("how many errors of crm vs queue overall", tmp_path).lines
    assert [(each.suite, each.value.group, each.value.observed) for each in lines] == [
        *(("support", "crm", 1), ("support", "queue", None)),
        *(("other", "crm", 1), ("other", "queue", None)),
    ]


def test_all_that_have_the_highest_are_marked(one: Run) -> None:
    lines = told("which service has the highest error rate without faults", one.folder.parent).lines
    assert all(each.extreme for each in lines)
    assert len(lines) == 3


def test_a_total_with_an_unknown_price_is_not_told(tmp_path: Path) -> None:
    run_of(tmp_path, 1, model="local-7b")
    told_ = told("total cost of sessions overall", tmp_path)
    (line,) = told_.lines
    assert not told_.known
    assert line.value.why is not None
    assert "model call" in line.value.why


def test_what_no_row_has_is_no_figure(one: Run) -> None:
    told_ = told("p95 latency of crm in happy with faults", one.folder.parent)
    assert [each.value.why for each in told_.lines] == ["no call here has this figure"]
    assert not told_.known


def test_runs_are_never_taken_as_one(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        run_of(tmp_path, day, slow=10 * day, branch="main")
    lines = told("max turn latency without faults in the last 3 runs", tmp_path).lines
    assert [each.value.observed for each in lines] == [230e6, 240e6, 250e6]
    both = told("max turn latency without faults compared to the previous run", tmp_path).lines
    assert [each.value.observed for each in both] == [240e6, 250e6]
    on = told("max turn latency without faults on 2026-01-02", tmp_path).lines
    assert [each.value.observed for each in on] == [230e6]


def test_branches_are_compared_by_their_newest_runs(tmp_path: Path) -> None:
    for day, branch in ((1, "main"), (2, "fix"), (3, "main"), (4, "other")):
        run_of(tmp_path, day, branch=branch)
    lines = told("p50 turn latency without faults on main vs fix", tmp_path).lines
    assert [(each.branch, each.started[:10]) for each in lines] == [
        *(("fix", "2026-01-02"), ("main", "2026-01-03")),
    ]


def test_only_complete_runs_answer_and_whole_ones_first(tmp_path: Path) -> None:
    whole = run_of(tmp_path, 1)
    run_of(tmp_path, 2, chosen="happy")
    run_of(tmp_path, 3, status=Status.UNFINISHED)
    assert {each.run for each in told("error rate of crm", tmp_path).lines} == {whole.id}


def test_a_part_of_a_suite_answers_where_there_is_no_other_and_is_named(tmp_path: Path) -> None:
    run_of(tmp_path, 1, chosen="happy")
    found = told("error rate of crm", tmp_path)
    assert found.known
    assert "a part of its suite" in found.notes[0]


def test_a_damaged_run_is_left_out_and_named(tmp_path: Path) -> None:
    run = run_of(tmp_path, 1)
    next((run.folder / "turns").iterdir()).write_bytes(b"not parquet")
    found = told("error rate of crm", tmp_path)
    assert not found.known
    assert "is left out" in found.notes[0]


def test_no_run_of_that_time_is_no_answer(one: Run) -> None:
    found = told("error rate of crm since 2026-01-09", one.folder.parent)
    assert (found.lines, found.known) == ((), False)
    assert found.why == "no complete run is of this suite, branch and time"


def test_a_record_that_cannot_be_read_is_skipped_and_named(tmp_path: Path) -> None:
    run_of(tmp_path, 1)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "run.json").write_text("{}")
    found = stored_runs(tmp_path)
    assert len(found.runs) == 1
    assert "strange is left out" in found.skipped[0]
