from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.gate import CheckResult, GateResult, Verdict
from evalkit.journal.records import AnyRecord, End, Severity
from evalkit.metrics import Spent, Unit
from evalkit.report.closing import closing, interval_of
from evalkit.report.lines import plain
from evalkit.store import CellProblem, Run, RunRecord, Status
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored

SLOW = GateResult(
    gate="p90(turn.latency) < 850ms",
    figure="p90(turn.latency)",
    scope="slow",
    verdict=Verdict.FAIL,
    observed=912_000_000,
    op="<",
    limit=850_000_000,
    unit=Unit.DURATION,
    n=1200,
    sessions=40,
    low=870_000_000,
    high=None,
    why="p90(turn.latency) is 912ms over 1200 turns of 40 sessions, not below 850ms",
)
FEW = replace(
    SLOW,
    gate="rate(call.error where service=crm) < 2%",
    verdict=Verdict.PASS,
    unit=Unit.SHARE,
    observed=0.0123,
    low=0.001,
    high=0.0201,
    n=40,
)


def shown(run: Run, width: int = 80) -> list[str]:
    return [plain(each) for each in closing(run, width)]


def failing() -> RunRecord:
    """A run of which one scenario passed and one failed."""
    late = CheckResult(
        check="scope",
        severity=Severity.VIOLATION,
        allowed=False,
        findings=2,
        sessions=2,
        first="wrong",
    )
    return record_of(
        scenario_of("happy", verdict=Verdict.PASS, gates=(FEW,), ends={End.COMPLETED: 1}),
        scenario_of(
            "slow",
            sessions=2,
            verdict=Verdict.FAIL,
            gates=(SLOW, FEW),
            checks=(late,),
            ends={End.COMPLETED: 1, End.FAILED: 0, End.TIMED_OUT: 1},
            reasons=(
                "scope: wrong, the first of 2",
                SLOW.why,
                "1 of 2 sessions did not complete",
            ),
            notes=("the fault at crm was never delivered",),
        ),
        verdict=Verdict.FAIL,
        exit_code=1,
        digest="0123456789abcdef",
        reasons=("slow: scope: wrong, the first of 2", f"slow: {SLOW.why}"),
    )


def bad_sessions() -> list[AnyRecord]:
    pen = Pen("s-003").start().begin().find(3, 1, hint="set a timeout").reply(5)
    pen.end(5, End.TIMED_OUT, "no reply within 120 s")
    return [*short_session("s-001"), *pen.records, *Pen("s-004").start().find(1).end(1).records]


def test_the_whole_report(tmp_path: Path) -> None:
    cells = (
        result_of(short_session(), scenario="happy"),
        result_of(bad_sessions(), scenario="slow"),
    )
    run = stored(tmp_path / "x", *cells, record=failing())
    assert shown(run) == [
        "",
        "✗ fail  slow",
        "  2 sessions · 1 completed · 1 timed out · 2 violations · $0.0006, $0.0002 a session",
        "  1 of 2 sessions did not complete",
        "  the fault at crm was never delivered",
        "  gate                                              figure  interval           n",
        "  ✗ fail  p90(turn.latency) < 850ms                  912ms  [870ms, …]     1,200",
        "          p90(turn.latency) is 912ms over 1200",
        "          turns of 40 sessions, not below 850ms",
        "  ✓ pass  rate(call.error where service=crm) < 2%    1.23%  [0.1%, 2.01%]     40",
        "  ✗ violation scope, 2 times: wrong",
        "      hint: set a timeout",
        "      first in s-003#1, turn 1",
        "      evalkit run scenarios/support/support.eval.yaml --scenario slow "
        "--session s-003 --seed 7",
        "  ✗ timed out: no reply within 120 s",
        "      in session s-003",
        "",
        "✓ pass  happy",
        "  1 session · 1 completed · $0.0006",
        "  gate                                             figure  interval        n",
        "  ✓ pass  rate(call.error where service=crm) < 2%   1.23%  [0.1%, 2.01%]  40",
        "",
        "✗ fail  support: 1 of 2 scenarios passed",
        "  digest  0123456789abcdef",
        f"  run     {tmp_path / 'x'}",
        "  again   evalkit run scenarios/support/support.eval.yaml --seed 7",
        "  Latencies are simulated: what the agent's own waiting, retrying and ordering",
        "  of calls makes of its services' declared latencies. They hold no CPU time and",
        "  no noise of this machine.",
    ]


def test_gates_of_the_suite_come_before_the_scenarios(tmp_path: Path) -> None:
    run = stored(tmp_path, record=record_of(scenario_of(), gates=(SLOW,), reasons=(SLOW.why,)))
    text = "\n".join(shown(run))
    assert text.index("gates of the suite") < text.index("p90") < text.index("happy")
    assert text.count("over 1200") == 1


def test_the_worst_comes_first_and_then_the_order_of_the_suite(tmp_path: Path) -> None:
    verdicts = [*Verdict, None, Verdict.FAIL]
    scenarios = [scenario_of(f"n{n}", verdict=each) for n, each in enumerate(verdicts)]
    run = stored(tmp_path, record=record_of(*scenarios))
    names = [each.rpartition("  n")[2] for each in shown(run) if each[-3:-1] == " n"]
    assert names == ["4", "1", "6", "3", "2", "5", "0"]


def test_a_cell_that_could_not_be_run_says_why(tmp_path: Path) -> None:
    problem = CellProblem(cell=0, what="no module named x", detail="Traceback\n\tline 1\n")
    scenario = scenario_of(
        verdict=Verdict.ERROR, problems=(problem,), reasons=("cell 0: no module named x",)
    )
    lines = shown(stored(tmp_path, record=record_of(scenario, verdict=Verdict.ERROR)))
    assert lines[1:6] == [
        "! error  happy",
        "  1 session",
        "  ! no module named x",
        "      Traceback",
        "          line 1",
    ]


def test_of_many_kinds_of_trouble_some_are_shown(tmp_path: Path) -> None:
    pen = Pen().start()
    for name in "abcdefgh":
        pen.find(0, check=name)
    lines = shown(stored(tmp_path, result_of(pen.end(1).records)))
    assert sum("violation" in each for each in lines) == 5
    assert "  and 3 more kinds of trouble: evalkit show support-20260105T090000Z-3fa2" in lines


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"status": Status.INTERRUPTED}, "0 of 1 scenario passed, interrupted"),
        ({"status": Status.UNFINISHED, "verdict": None}, "0 of 1 scenario passed, unfinished"),
        ({"reasons": ("the second run was different: x",)}, "  the second run was different: x"),
    ],
)
def test_what_is_true_of_the_run_is_told_once(
    tmp_path: Path, given: dict[str, object], words: str
) -> None:
    text = "\n".join(shown(stored(tmp_path, record=record_of(scenario_of(), **given))))
    assert text.count(words) == 1


def test_of_a_scenario_that_was_not_reached_only_that_is_told(tmp_path: Path) -> None:
    reached = scenario_of("done", verdict=Verdict.PASS)
    left = scenario_of("left", sessions=9, verdict=Verdict.NO_DATA, reasons=("x",), gates=(SLOW,))
    record = record_of(reached, left, status=Status.INTERRUPTED)
    run = stored(tmp_path, result_of(short_session(), scenario="done"), record=record)
    assert shown(run)[1:6] == [
        "∅ no data  left",
        "  9 sessions · not run",
        "",
        "✓ pass  done",
        "  1 session · $0.0006",
    ]


def test_a_scenario_that_does_not_block_says_so(tmp_path: Path) -> None:
    run = stored(tmp_path, record=record_of(scenario_of(verdict=Verdict.FAIL, blocking=False)))
    assert shown(run)[1] == "✗ fail  happy  (does not block)"


def test_controls_come_last_and_faults_are_set_against_them(tmp_path: Path) -> None:
    control = scenario_of("control", added=True, blocking=False, ends={End.COMPLETED: 1})
    bad = scenario_of("bad", faulty=True, control="control", verdict=Verdict.PASS)
    slow = Pen("s-001").start(100).begin(100).call("crm", 110, 130).reply(200).end(200)
    cells = (
        result_of(short_session("s-001"), scenario="bad"),
        result_of(slow.records, scenario="control"),
    )
    lines = shown(stored(tmp_path, *cells, record=record_of(control, bad)))
    assert lines[1:4] == [
        "✓ pass  bad",
        "  1 session · $0.0006",
        "  against control: 3 times the calls, 750ms more of time, $0.0006 more of cost",
    ]
    at = lines.index("· control  control")
    assert lines[at + 1 : at + 3] == [
        "  the sessions of bad without faults; judged by nothing",
        "  1 session · 1 completed",
    ]
    assert "✓ pass  support: 1 of 1 scenario passed" in lines


def test_where_there_is_nothing_to_compare_that_is_said(tmp_path: Path) -> None:
    bad = scenario_of("bad", faulty=True, control="good", verdict=Verdict.PASS)
    run = stored(tmp_path, result_of(short_session(), scenario="bad"), record=record_of(bad))
    assert "  against good: nothing can be compared" in shown(run)


def test_what_no_price_is_known_of_is_told_and_never_taken_for_free(tmp_path: Path) -> None:
    pen = Pen("s1").start().begin().call("llm", 0, 1, usage=(3, 2), model="local-7b")
    spent = Spent(
        service="llm",
        model="local-7b",
        by=None,
        priced_as=None,
        calls=1,
        unpriced=1,
        tokens_in=3,
        tokens_out=2,
        cost=0,
    )
    run = stored(tmp_path, result_of(pen.records), record=record_of(scenario_of(), spent=(spent,)))
    lines = shown(run)
    assert "  1 session · cost unknown, 1 call unpriced" in lines
    assert "! 1 call of llm to local-7b is unpriced; give the model a price" in " ".join(lines)
    assert not any(each.startswith("  prices") for each in lines)


def test_the_price_tables_are_named_where_they_priced_something(tmp_path: Path) -> None:
    spent = Spent(
        service="llm",
        model="gpt-4o",
        by="prices.yaml",
        priced_as="gpt-4o",
        calls=1,
        unpriced=0,
        tokens_in=3,
        tokens_out=2,
        cost=0.5,
    )
    record = record_of(scenario_of(), spent=(spent,), prices="prices.yaml of 2026-11-01")
    assert "  prices  prices.yaml of 2026-11-01" in shown(stored(tmp_path, record=record))


def test_warnings_are_told_once(tmp_path: Path) -> None:
    late = replace(SLOW, blocking=False)
    scenario = scenario_of(gates=(late,), warnings=("rule 2 was never delivered", late.why))
    lines = shown(stored(tmp_path, record=record_of(scenario, warnings=("x.yaml:3: too few",))))
    assert "  ! rule 2 was never delivered" in lines
    assert "  ! x.yaml:3: too few" in lines
    assert "\n".join(lines).count("over 1200") == 1


def test_a_gate_for_each_names_what_it_was_judged_for(tmp_path: Path) -> None:
    gate = replace(FEW, gate="rate(call.error) < 2% for each service", group="service=crm")
    text = " ".join(shown(stored(tmp_path, record=record_of(gates=(gate,))), 200))
    assert "service=crm: rate(call.error) < 2% for each service" in text


def test_names_and_messages_cannot_steer_the_terminal(tmp_path: Path) -> None:
    pen = Pen("s\x1b[2J").start().end(1, End.FAILED, "\x1b[31mred")
    run = stored(tmp_path, result_of(pen.records))
    assert not any("\x1b" in each for each in shown(run))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(None, None, ""), (1.0, None, "[100%, …]"), (None, 0.5, "[…, 50%]"), (0.0, 0.5, "[0%, 50%]")],
)
def test_intervals(low: float | None, high: float | None, words: str) -> None:
    assert interval_of(replace(FEW, low=low, high=high)) == words
