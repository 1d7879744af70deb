from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.pytest_plugin.suites import SUITE, write_suite


def runs(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    """The records of the runs that were made."""
    paths = sorted(Path(pytester.path).glob("reports/*/run.json"))
    return [json.loads(each.read_text(encoding="utf-8")) for each in paths]


def test_scenarios_pass_and_fail_in_their_own_words(pytester: pytest.Pytester) -> None:
    write_suite(pytester)
    result = pytester.runpytest_inprocess("-rA", "--junitxml=junit.xml")
    result.assert_outcomes(passed=3, failed=2, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "fail: expectation: turn 1: degraded, expected answered*",
            "*against happy: 2 times the calls*",
            "*again   evalkit run shop.eval.yaml --scenario down --seed 0",
            "*look    evalkit show shop-* down",
            "no data: no fault was delivered (at shop POST /x): no call was hit",
            "* fail  shop: reports/shop-*/index.html",
            "XFAIL shop.eval.yaml::lax - does not block: fail: expectation*",
            "FAILED shop.eval.yaml::down - *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    (run,) = runs(pytester)
    verdicts = {each["name"]: each["verdict"] for each in run["scenarios"]}
    assert verdicts == {
        "happy": "pass",
        "flaky": "pass",
        "down": "fail",
        "unhit": "no_data",
        "lax": "fail",
    }
    assert (run["status"], run["verdict"], len(run["gates"])) == ("complete", "fail", 1)
    cases = {each.get("name"): each for each in ET.parse("junit.xml").iter("testcase")}
    assert cases["down"].get("classname") == "shop.eval.yaml"
    properties = {each.get("name"): each.get("value") for each in cases["down"].iter("property")}
    assert properties["evalkit_verdict"] == "fail"
    assert properties["evalkit_command"] == "evalkit run shop.eval.yaml --scenario down --seed 0"


def test_workers_of_xdist_write_one_run_and_the_controller_judges_it(
    pytester: pytest.Pytester,
) -> None:
    write_suite(pytester)
    junit = "--junitxml=junit.xml"
    result = pytester.runpytest_subprocess("-n", "2", "-k", "not unhit and not lax", junit)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["* fail  shop: reports/shop-*"])
    (run,) = runs(pytester)
    assert {each["name"]: each["verdict"] for each in run["scenarios"]} == {
        "happy": "pass",
        "flaky": "pass",
        "down": "fail",
    }
    assert run["digest"] is not None
    assert not list(Path(pytester.path).glob("reports/*/.*"))
    pages = [each.name for each in Path(pytester.path).glob("reports/*/*.*") if each.is_file()]
    assert {"index.html", "junit.xml", "summary.md"} <= set(pages)  # by the controller, once
    cases = [each.get("name") for each in ET.parse(pytester.path / "junit.xml").iter("testcase")]
    assert sorted(map(str, cases)) == ["[gates]", "down", "flaky", "happy"]


def test_what_was_not_reached_is_not_judged_and_failures_can_be_run_alone(
    pytester: pytest.Pytester,
) -> None:
    write_suite(pytester)
    # Without the settings of `write_suite`, which leave out the cache that `--lf` needs.
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = -p no:randomly\n"
    )
    result = pytester.runpytest_inprocess("-x", "-k", "down or lax or gates")
    result.assert_outcomes(failed=1, deselected=3)
    result.stdout.fnmatch_lines(["*shop (interrupted): *"])
    again = pytester.runpytest_inprocess("--lf", "--evalkit-no-control", "--evalkit-seed=5")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*evalkit run shop.eval.yaml --scenario down --seed 5"])
    first, second = sorted(runs(pytester), key=lambda each: len(each["scenarios"]), reverse=True)
    assert first["status"] == "interrupted"
    assert [each["name"] for each in second["scenarios"]] == ["down"]
    assert (second["chosen"], second["seed"], second["verdict"]) == ("down", 5, "fail")


def test_gates_of_the_suite_are_an_item_and_run_what_they_judge(pytester: pytest.Pytester) -> None:
    write_suite(pytester, SUITE.replace("p90(turn.latency) < 1s", "p90(turn.latency) < 50ms"))
    result = pytester.runpytest_inprocess("shop.eval.yaml::[gates]", "--evalkit-no-report")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["fail: *80ms*", "judged over happy", "*p90(turn.latency) < 50ms*"])
    (run,) = runs(pytester)
    assert [each["name"] for each in run["scenarios"]] == ["happy"]
    assert not list(pytester.path.glob("reports/**/*.html"))


def test_an_agent_that_cannot_be_started_is_an_error_of_its_own(pytester: pytest.Pytester) -> None:
    write_suite(pytester)
    (pytester.path / "agent.py").write_text("agent = 3\n", encoding="utf-8")
    result = pytester.runpytest_inprocess("-k", "happy", "-o", "evalkit_reports=kept")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["error: *agent.py:agent is a int*"])
    assert len(list(pytester.path.glob("kept/*/run.json"))) == 1
