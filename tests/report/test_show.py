from __future__ import annotations

import io
from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import End
from evalkit.report.lines import plain
from evalkit.report.show import laid_out, print_run, print_session
from evalkit.report.timeline import Entry
from evalkit.store import Run
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of two scenarios that share a session."""
    bad = Pen("s2").start().begin().find(1).reply(5).end(5, End.FAILED, "it raised")
    return stored(
        tmp_path,
        result_of(short_session("s1"), scenario="happy"),
        result_of(
            [*short_session("s1"), *bad.records], scenario="slow", planned=("s1", "s2", "s3")
        ),
        record=record_of(
            scenario_of("happy", verdict=Verdict.PASS),
            scenario_of("slow", sessions=3, verdict=Verdict.FAIL),
            verdict=Verdict.FAIL,
        ),
    )


def session(run: Run, name: str, scenario: str | None = None) -> list[str]:
    stream = io.StringIO()
    print_session(run, name, stream, scenario=scenario)
    return stream.getvalue().splitlines()


def whole(run: Run, scenario: str | None = None) -> list[str]:
    stream = io.StringIO()
    print_run(run, stream, scenario=scenario)
    return stream.getvalue().splitlines()


def test_a_run_lists_its_sessions_those_that_went_wrong_first(run: Run) -> None:
    assert whole(run)[:11] == [
        "support-20260105T090000Z-3fa2 · complete · started 2026-01-05T09:00:00.000Z",
        "evalkit 0.1.0 · seed 7",
        "--scenario NAME lists all sessions of one; a session's id shows what it did",
        "",
        "happy: ✓ pass",
        "  s1  completed    0.850 s  3 calls  $0.0006  fault status",
        "",
        "slow: ✗ fail",
        "  s2  failed       0.005 s  0 calls  ✗ 1 violation",
        "  s3  errored            -  0 calls",
        "  s1  completed    0.850 s  3 calls  $0.0006  fault status",
    ]
    assert "✗ fail  support: 1 of 2 scenarios passed" in whole(run)


def test_of_one_scenario_all_sessions_are_listed(tmp_path: Path) -> None:
    records = [each for n in range(30) for each in Pen(f"s{n}").start().end(1).records]
    run = stored(tmp_path, result_of(records))
    assert "  and 27 more sessions, all completed and without a violation" in whole(run)
    assert sum(each.startswith("  s") for each in whole(run, "happy")) == 30


def test_of_many_sessions_that_went_wrong_the_first_are_listed(tmp_path: Path) -> None:
    ends = [End.FAILED] * 25 + [End.COMPLETED]
    records = [
        each for n, end in enumerate(ends) for each in Pen(f"s{n}").start().end(1, end).records
    ]
    lines = whole(stored(tmp_path, result_of(records)))
    assert sum(each.startswith("  s") for each in lines) == 20
    assert "  and 6 more sessions" in lines


def test_a_session_is_shown_as_a_timeline(run: Run) -> None:
    assert session(run, "s1", "slow") == [
        "session s1 · scenario slow · support-20260105T090000Z-3fa2",
        "completed    0.850 s  3 calls  $0.0006  fault status",
        "again: evalkit run scenarios/support/support.eval.yaml --scenario slow "
        "--session s1 --seed 7",
        "a call explained: evalkit explain support-20260105T090000Z-3fa2 'slow/s1#1'",
        "",
        "    0.100 s  turn 1: “hello”",
        "    0.100 s    waited 0.010 s",
        "    0.110 s    #1 crm GET / · 503 after 0.020 s",
        "                 fault status (rule 1): scheduled, fired, delivered",
        "    0.130 s    waited 0.500 s, then attempt 2 of #1",
        "    0.630 s    #2 crm GET / · 200 after 0.020 s · attempt 2 of #1",
        "    0.650 s    #3 llm chat · 200 after 0.300 s · 120 tokens in, 30 out",
        "    0.950 s  replied: “It is on its way.”",
        "    0.950 s  completed",
    ]


def test_where_one_scenario_has_the_session_it_is_that(run: Run) -> None:
    assert session(run, "s2")[0].startswith("session s2 · scenario slow")
    assert session(run, "s2")[2] == "it raised"


def test_a_session_may_be_named_with_its_scenario(run: Run) -> None:
    assert session(run, "happy/s1")[0].startswith("session s1 · scenario happy")


def test_a_session_that_never_began_says_so(run: Run) -> None:
    assert session(run, "s3")[1:3] == ["errored            -  0 calls", "it was never started"]


@pytest.mark.parametrize(
    ("name", "scenario", "words"),
    [
        ("s1", None, "choose one with --scenario, or write happy/s1; it is in: happy, slow"),
        ("s2", "happy", "it is in: slow"),
        ("S2", None, "did you mean s2?"),
        ("zzzz", None, "sessions there: s1, s2, s3"),
    ],
)
def test_a_session_that_is_not_there_is_told_with_those_that_are(
    run: Run, name: str, scenario: str | None, words: str
) -> None:
    with pytest.raises(UsageError) as raised:
        session(run, name, scenario)
    assert words in str(raised.value)


def test_a_scenario_that_is_not_there_is_told_with_those_that_are(run: Run) -> None:
    with pytest.raises(UsageError, match="there are: happy, slow"):
        whole(run, "quick")


def test_a_run_without_sessions_can_be_shown(tmp_path: Path) -> None:
    assert "happy: · not judged" in whole(stored(tmp_path))


def test_long_lines_are_broken_below_their_text() -> None:
    texts = [plain(each) for each in laid_out(Entry(10**9, "word " * 30, depth=1), 60)]
    assert texts[0].startswith("    1.000 s    word")
    assert {each[:17] for each in texts[1:]} == {" " * 17}
    assert all(len(each) <= 60 for each in texts)
