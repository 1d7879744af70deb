import pytest

from evalkit.gate import (
    CellError,
    ScenarioResult,
    Verdict,
    gated_scenarios,
    judge_suite,
    judge_suite_gates,
)
from evalkit.journal.records import End
from evalkit.suite.model import Suite
from tests.gate.frames import tables

FAULT = {"at": "crm", "inject": {"status": 503}}


def suite(*gates: str, **scenarios: dict) -> Suite:
    return Suite.model_validate(
        {
            "suite": "desk",
            "agent": {"python": "agent.py:agent"},
            "services": {"crm": {"use": "crm.yaml"}},
            "sessions": {"from": "payloads.jsonl"},
            "gates": list(gates),
            "scenarios": scenarios or {"happy": {}},
        }
    )


def came(scenario: str, verdict: str = "pass", *, blocking: bool = True, errors=()):
    return ScenarioResult(
        scenario=scenario,
        verdict=Verdict(verdict),
        blocking=blocking,
        planned=1,
        ends=dict.fromkeys(End, 0),
        errors=tuple(errors),
        reasons=() if verdict == "pass" else (f"it was a {verdict}",),
    )


FRAMES = tables(
    sessions=[
        {"scenario": "happy"},
        {"scenario": "busy"},
        {"scenario": "flaky", "failed": True},
        {"scenario": "trial", "failed": True},
    ]
)
SUITE = suite(
    "rate(session.failed) < 10%",
    happy={},
    busy={},
    flaky={"faults": [FAULT]},
    trial={"blocking": False},
)


def test_the_suites_gates_judge_what_injects_nothing_and_blocks():
    assert gated_scenarios(SUITE) == {"happy", "busy"}
    (gate,) = judge_suite_gates(SUITE, ["happy", "busy", "flaky", "trial"], FRAMES)
    assert (gate.verdict, gate.n, gate.scope) == (Verdict.PASS, 2, "suite")
    (gate,) = judge_suite_gates(SUITE, ["happy", "flaky"], FRAMES)
    assert gate.n == 1


def test_gates_are_not_judged_where_their_scenarios_were_left_out():
    assert judge_suite_gates(SUITE, ["flaky"], FRAMES) == ()
    result = judge_suite(SUITE, [came("flaky")], FRAMES)
    assert (result.verdict, result.exit_code) == (Verdict.PASS, 0)


def test_gates_that_no_scenario_could_ever_meet_are_no_data():
    always = suite("rate(session.failed) < 10%", flaky={"faults": [FAULT]})
    result = judge_suite(always, [came("flaky")], FRAMES)
    assert (result.verdict, result.exit_code) == (Verdict.NO_DATA, 3)
    assert result.reasons == ("there is no session to judge",)


@pytest.mark.parametrize(
    ("scenarios", "verdict", "code"),
    [
        ([came("happy"), came("busy")], "pass", 0),
        ([came("happy"), came("flaky", "fail")], "fail", 1),
        ([came("happy", "no_data"), came("flaky", "fail")], "fail", 1),
        ([came("happy", "no_data"), came("flaky", "inconclusive")], "no_data", 3),
        ([came("happy", "error"), came("flaky", "fail")], "error", 5),
        (
            [came("happy", "error", errors=[CellError(what="x", start=True)])],
            "error",
            4,
        ),
        (
            [
                came("happy", "error", errors=[CellError(what="x", start=True)]),
                came("busy", "error", errors=[CellError(what="y")]),
            ],
            "error",
            5,
        ),
        ([came("happy"), came("trial", "fail", blocking=False)], "pass", 0),
        ([came("trial", blocking=False)], "no_data", 3),
        ([], "no_data", 3),
    ],
)
def test_a_suite_is_as_good_as_the_worst_that_blocks(scenarios, verdict, code):
    result = judge_suite(SUITE, scenarios, FRAMES)
    assert (result.verdict, result.exit_code) == (verdict, code)
    assert result.scenarios == tuple(scenarios)
    assert bool(result.reasons) == (verdict != "pass")


def test_a_gate_of_the_suite_that_fails_fails_the_suite():
    strict = suite("rate(session.failed) > 10%", happy={})
    result = judge_suite(strict, [came("happy")], FRAMES)
    assert (result.verdict, result.exit_code) == (Verdict.FAIL, 1)
    assert result.reasons == ("rate(session.failed) is 0% over 1 session, not above 10%",)


def test_reasons_name_their_scenario():
    result = judge_suite(SUITE, [came("happy"), came("flaky", "fail")], FRAMES)
    assert result.reasons == ("flaky: it was a fail",)
