import pytest

from evalkit.gate import CellError, Verdict, judge_scenario
from evalkit.journal.records import End, FaultMissed, FaultMoved, Finding, Severity, Stage
from evalkit.suite.model import Scenario
from tests.gate.frames import tables


def sessions(completed: int = 0, *, failed: int = 0, timed_out: int = 0, errored: int = 0):
    rows = [{"session": f"c{at}"} for at in range(completed)]
    broken = {"failed": failed, "timed_out": timed_out, "errored": errored}
    for end, count in broken.items():
        rows += [
            {
                "session": f"{end}{at}",
                "end": end,
                "completed": False,
                "failed": True,
                "good": False,
                "reason": f"it {end}",
            }
            for at in range(count)
        ]
    return rows


def judged(scenario: dict | None = None, rows=None, records=(), *, calls=(), **given):
    rows = sessions(4) if rows is None else rows
    given.setdefault("planned", len(rows))
    parsed = Scenario.model_validate(scenario or {})
    frames = tables(sessions=rows, calls=list(calls))
    return judge_scenario("happy", parsed, frames, records, **given)


def finding(check: str = "scope", severity: Severity = Severity.VIOLATION) -> Finding:
    return Finding(at=0, session="c0", check=check, severity=severity, message="used too much")


def moved(stage: Stage, rule: int = 0) -> FaultMoved:
    return FaultMoved(at=0, session="c0", stage=stage, rule=rule, fault="status", service="crm")


def test_a_scenario_in_which_all_is_well():
    result = judged()
    assert (result.verdict, result.reasons, result.exit_code) == (Verdict.PASS, (), 0)
    assert result.ends == {
        End.COMPLETED: 4,
        End.FAILED: 0,
        End.TIMED_OUT: 0,
        End.ERRORED: 0,
    }


# How sessions ended ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "planned", "verdict", "reason"),
    [
        ([], 0, "no_data", "no session was planned"),
        ([], 3, "no_data", "3 of 3 sessions were not run"),
        (sessions(2), 3, "no_data", "1 of 3 sessions were not run"),
        (
            sessions(2, failed=1),
            3,
            "fail",
            "1 of 3 sessions did not complete; the first: it failed",
        ),
        (
            sessions(0, timed_out=3),
            3,
            "fail",
            "none of 3 sessions completed; the first: it timed_out",
        ),
        (
            sessions(2, errored=1),
            3,
            "error",
            "1 of 3 sessions did not run to an end; the first: it errored",
        ),
    ],
)
def test_sessions_that_did_not_complete(rows, planned, verdict, reason):
    result = judged(rows=rows, planned=planned)
    assert (result.verdict, result.reasons) == (verdict, (reason,))
    assert sum(result.ends.values()) == planned


@pytest.mark.parametrize(
    ("scenario", "rows", "verdict"),
    [
        ({"expect": {"end": "timed_out"}}, sessions(timed_out=3), "pass"),
        ({"expect": {"end": ["completed", "failed"]}}, sessions(2, failed=1), "pass"),
        ({"gates": ["rate(session.completed) > 60%"]}, sessions(2, failed=1), "pass"),
        ({"gates": ["rate(session.good) > 70%"]}, sessions(2, failed=1), "fail"),
        ({"gates": ["rate(session.completed) >= 0%"]}, sessions(failed=3), "fail"),
        (
            {"gates": ["rate(session.completed where end=completed) > 9%"]},
            sessions(2, failed=1),
            "fail",
        ),
    ],
)
def test_an_expectation_or_a_gate_may_judge_the_ends(scenario, rows, verdict):
    assert judged(scenario, rows).verdict == verdict


def test_a_gate_of_the_suite_may_judge_the_ends():
    rows = sessions(2, failed=1)
    assert judged(rows=rows, suite_gates=["rate(session.failed) < 50%"]).verdict == "pass"
    assert judged(rows=rows, suite_gates=["p90(turn.latency) < 50ms"]).verdict == "fail"


def test_a_gate_on_recovery_judges_the_sessions_that_a_fault_reached_and_no_others():
    gate = {"gates": ["rate(session.recovered) > 40%"]}
    hit = [{**row, "recovered": row["session"] == "c0"} for row in sessions(1, failed=1)]
    assert judged(gate, hit).verdict == "pass"
    assert judged(gate, [*hit, *sessions(failed=1)]).verdict == "fail"


def test_what_an_interrupt_kept_from_ending_is_missing_and_no_error():
    result = judged(rows=sessions(2), planned=5, interrupted=True)
    assert result.verdict is Verdict.NO_DATA
    assert result.reasons == ("3 of 5 sessions were not run to an end: the run was interrupted",)
    assert (result.ends[End.COMPLETED], result.ends[End.ERRORED]) == (2, 0)
    assert judged(interrupted=True).verdict is Verdict.PASS, "it was through by then"


# Cells that errored ----------------------------------------------------------------------------


def test_a_cell_that_errored_makes_the_scenario_an_error():
    result = judged(rows=sessions(2), planned=4, errors=[CellError(what="it hung")])
    assert (result.verdict, result.reasons, result.exit_code) == ("error", ("it hung",), 5)
    assert (result.ends[End.ERRORED], result.ends[End.COMPLETED]) == (2, 2)


@pytest.mark.parametrize(
    ("starts", "code"), [((True,), 4), ((False,), 5), ((True, False), 5), ((True, True), 4)]
)
def test_the_exit_code_tells_a_start_that_failed_from_other_errors(starts, code):
    errors = [CellError(what="x", start=each) for each in starts]
    assert judged(rows=[], planned=1, errors=errors).exit_code == code


# Findings --------------------------------------------------------------------------------------


def test_a_violation_fails_the_scenario():
    result = judged(records=[finding(), finding(), finding("leak")])
    reasons = ("scope: used too much (the first of 2)", "leak: used too much")
    assert (result.verdict, result.reasons, result.exit_code) == ("fail", reasons, 1)
    scope, leak = result.checks
    assert (scope.findings, scope.sessions, scope.allowed, leak.findings) == (2, 1, False, 1)


def test_a_violation_that_the_scenario_allows_and_advice_do_not():
    allowing = {"expect": {"findings": {"allow": ["scope"]}}}
    records = [finding(), finding("slow", Severity.ADVICE)]
    result = judged(allowing, records=records)
    assert (result.verdict, result.reasons) == (Verdict.PASS, ())
    assert [each.allowed for each in result.checks] == [True, False]
    assert judged(allowing, records=[*records, finding("leak")]).verdict == "fail"


# Faults ----------------------------------------------------------------------------------------

STATUS = {"at": "crm", "inject": {"status": 503}}
RETRY = {**STATUS, "when": {"attempt": 2}}


def test_a_fault_that_was_delivered():
    result = judged({"faults": [STATUS]}, records=[moved(stage) for stage in Stage])
    (rule,) = result.rules
    assert result.verdict == "pass"
    assert (rule.scheduled, rule.fired, rule.delivered, rule.excused) == (1, 1, 1, False)


@pytest.mark.parametrize(
    ("stages", "how"),
    [
        ((), "no call was hit"),
        ((Stage.SCHEDULED,), "no call was hit"),
        (
            (Stage.SCHEDULED, Stage.FIRED),
            "1 fired, but their consequence reached no client",
        ),
    ],
)
def test_faults_of_which_none_was_delivered_are_no_data(stages, how):
    result = judged({"faults": [STATUS]}, records=[moved(each) for each in stages])
    assert (result.verdict, result.exit_code) == (Verdict.NO_DATA, 3)
    assert result.reasons == (f"no fault was delivered (at crm): {how}",)


@pytest.mark.parametrize("when", [{"attempt": 2}, {"attempts": [2, 3]}])
@pytest.mark.parametrize("at", ["crm", "crm GET*"])
def test_a_fault_at_an_attempt_that_was_never_made_is_a_result(when, at):
    fault = {**STATUS, "at": at, "when": when}
    result = judged({"faults": [fault]}, calls=[{"service": "crm"}])
    assert (result.verdict, result.rules[0].excused) == (Verdict.PASS, True)
    note = f"fault rule 1 (at {at}) was aimed at an attempt that the agent never made"
    assert result.notes == (note,)


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        (RETRY, []),
        (RETRY, [{"service": "llm"}]),
        (RETRY, [{"service": "crm", "scenario": "other"}]),
        ({**RETRY, "at": "crm POST*"}, [{"service": "crm"}]),
        ({**STATUS, "when": {"attempts": [1, 2]}}, [{"service": "crm"}]),
        ({**STATUS, "when": {"call": 2}}, [{"service": "crm"}]),
    ],
)
def test_a_fault_at_what_was_never_attempted_is_no_data(fault, calls):
    assert judged({"faults": [fault]}, calls=calls).verdict == Verdict.NO_DATA


def test_the_journal_may_say_that_an_attempt_was_never_made():
    missed = FaultMissed(
        at=0, session="c0", rule=0, fault="status", service="crm", reason="it gave up"
    )
    result = judged({"faults": [STATUS]}, records=[missed])
    assert (result.verdict, result.rules[0].missed) == (Verdict.PASS, 1)


def test_one_delivered_fault_is_data_and_there_is_a_warning_of_each_other():
    other = {"at": "llm", "inject": {"status": 500}}
    records = [*(moved(stage) for stage in Stage), moved(Stage.FIRED, 2)]
    result = judged({"faults": [STATUS, other, other]}, records=records)
    assert (result.verdict, result.notes) == ("pass", ())
    assert result.warnings == (
        "fault rule 2 (at llm) was never delivered: no call was hit",
        "fault rule 3 (at llm) was never delivered: 1 fired, but their consequence reached no "
        "client",
    )


def test_a_fault_whose_attempt_was_never_made_is_no_warning():
    records = [moved(stage) for stage in Stage]
    result = judged({"faults": [STATUS, RETRY]}, records=records, calls=[{"service": "crm"}])
    assert (result.verdict, result.warnings, len(result.notes)) == (Verdict.PASS, (), 1)


def test_a_fault_that_hit_nothing_is_not_excused_by_another_that_is():
    other = {"at": "llm", "inject": {"status": 500}}
    result = judged({"faults": [RETRY, other]}, calls=[{"service": "crm"}])
    assert result.verdict == Verdict.NO_DATA
    assert result.reasons == ("no fault was delivered (at llm): no call was hit",)


# Gates and combination -------------------------------------------------------------------------


def test_its_own_gates_are_judged_over_it_alone():
    rows = [*sessions(2), *({**each, "scenario": "other"} for each in sessions(failed=9))]
    result = judged({"gates": ["rate(session.failed) < 10%"]}, rows, planned=2)
    (gate,) = result.gates
    assert (result.verdict, gate.scope, gate.n) == (Verdict.PASS, "happy", 2)


def test_a_gate_that_warns_is_judged_and_decides_nothing():
    result = judged({"gates": ["warn rate(session.completed) < 50%"]})
    (gate,) = result.gates
    assert (gate.verdict, gate.blocking) == (Verdict.FAIL, False)
    assert (result.verdict, result.exit_code, result.warnings) == (Verdict.PASS, 0, (gate.why,))
    bearing = {"gates": ["warn rate(session.completed) > 10%"]}
    assert judged(bearing, sessions(2, failed=1)).verdict == "fail"


def test_the_worst_counts_and_every_reason_is_told():
    result = judged(
        {"gates": ["rate(session.failed) > 10%", "p90(turn.latency) < 1s"]},
        records=[finding()],
        errors=[CellError(what="it hung")],
    )
    assert (result.verdict, len(result.reasons)) == (Verdict.ERROR, 4)
    assert judged({"gates": ["p90(turn.latency) < 1s"]}).verdict == Verdict.NO_DATA
    result = judged({"gates": ["rate(session.completed) > 90%"]}, sampled=True)
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 3)
