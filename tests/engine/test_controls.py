"""Which scenario a faulty one is compared with, and what is added where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellStarted
from evalkit.engine.plan import plan_suite
from evalkit.suite import load_suite
from tests.engine.suites import run, sessions, write_suite

FAULTY = {"faults": [{"at": "items", "when": {"attempt": 1}, "inject": {"status": 503}}]}
OTHER = {"sessions": {"repeat": 2}}


def planned(folder: Path, written: dict[str, Any], **options: Any) -> SuitePlan:
    return plan_suite(load_suite(write_suite(folder, scenarios=written)), **options)


def pairs(plan: SuitePlan) -> dict[str, str | None]:
    return {each.name: each.control for each in plan.scenarios}


@pytest.mark.parametrize(
    ("scenarios", "paired"),
    [
        ({"sound": {}}, {"sound": None}),
        ({"bad": FAULTY, "sound": {}}, {"bad": "sound", "sound": None}),
        ({"bad": FAULTY}, {"bad": "control", "control": None}),
        (
            {"sound": {}, "bad": {**FAULTY, **OTHER}},
            {"sound": None, "bad": "control", "control": None},
        ),
        (
            {"bad": FAULTY, "worse": FAULTY},
            {"bad": "control", "worse": "control", "control": None},
        ),
        (
            {"control": OTHER, "bad": FAULTY},
            {"control": None, "bad": "control of bad", "control of bad": None},
        ),
        (
            {"bad": FAULTY, "twice": {**FAULTY, **OTHER}},
            {
                "bad": "control of bad",
                "twice": "control of twice",
                "control of bad": None,
                "control of twice": None,
            },
        ),
        ({"bad": FAULTY, "trial": {"blocking": False}}, {"bad": "trial", "trial": None}),
    ],
)
def test_a_faulty_scenario_has_a_control(
    tmp_path: Path, scenarios: dict[str, Any], paired: dict[str, str | None]
) -> None:
    plan = planned(tmp_path, scenarios)
    assert pairs(plan) == paired
    assert [each.name for each in plan.scenarios if each.added] == [
        each for each in paired if each not in scenarios
    ]


def test_a_control_that_is_added_replays_the_same_sessions_and_is_judged_by_nothing(
    tmp_path: Path,
) -> None:
    scenario = {
        **FAULTY,
        **OTHER,
        "gates": ["rate(session.good) > 1%"],
        "expect": {"end": "failed"},
    }
    bad, control = planned(tmp_path, {"bad": scenario}).scenarios
    assert (control.settings, control.cells) == (bad.settings, bad.cells)
    assert not control.faulty
    assert not control.scenario.blocking
    assert (control.scenario.gates, control.scenario.expect.end) == ((), None)


def test_what_is_chosen_is_chosen_of_the_control_too(tmp_path: Path) -> None:
    scenarios = {"sound": {}, "bad": FAULTY}
    plan = planned(tmp_path, scenarios, scenarios="bad", session="s1")
    assert pairs(plan) == {"bad": "control", "control": None}
    assert [[each.id for each in cell] for s in plan.scenarios for cell in s.cells] == [["s1"]] * 2
    assert pairs(planned(tmp_path, scenarios, scenarios="sound")) == {"sound": None}


def test_controls_may_be_left_out(tmp_path: Path) -> None:
    plan = planned(tmp_path, {"bad": FAULTY, "sound": {}}, controls=False)
    assert pairs(plan) == {"bad": None, "sound": None}


def test_a_control_is_run_once_and_changes_nothing_of_the_other_scenarios(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        scenarios={"bad": FAULTY, "worse": FAULTY},
        sessions={"items": sessions(4), "concurrency": 2},
        rest={"latency": {"median": "80ms", "p99": "400ms"}},
    )
    alone = run(path, controls=False).results
    with_controls = run(path, controls=True)
    paired = with_controls.results
    assert {cell: each.digest for cell, each in paired.items() if cell[0] != "control"} == {
        cell: each.digest for cell, each in alone.items()
    }
    started = [each.cell for each in with_controls.events if isinstance(each, CellStarted)]
    assert sorted(each.scenario for each in started) == ["bad", "control", "worse"]
