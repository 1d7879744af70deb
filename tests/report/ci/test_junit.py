"""`junit.xml` as CI platforms read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from xmlschema import XMLSchema

from evalkit.gate import Verdict
from evalkit.gate.baseline import Compared
from evalkit.report.ci.junit import junit
from evalkit.store import Run, RunRecord, ScenarioRecord
from tests.report.html.pages import gate_of


def run_of(*scenarios: ScenarioRecord, **more: object) -> Run:
    record = RunRecord(
        run="desk-1",
        suite="desk.v2",
        path="suites/desk.eval.yaml",
        seed=7,
        scenarios=scenarios,
        command="evalkit run suites/desk.eval.yaml",
        started="2026-01-05T09:00:00.000Z",
        finished="2026-01-05T09:00:02.500Z",
        verdict=Verdict.FAIL,
    )
    return Run(Path("nowhere"), replace(record, **more))  # type: ignore[arg-type]


def scenario(name: str, verdict: Verdict | None, **more: object) -> ScenarioRecord:
    reasons = () if verdict is Verdict.PASS else (f"{name} went wrong",)
    known = {"sessions": 3, "cells": 0, "reasons": reasons} | more
    return ScenarioRecord(name=name, verdict=verdict, **known)  # type: ignore[arg-type]


def read(run: Run) -> ET.Element:
    return ET.fromstring(junit(run).encode())


@pytest.fixture(scope="module")
def schema() -> XMLSchema:
    return XMLSchema(Path(__file__).with_name("junit.xsd"))


EVERY = (
    scenario("happy", Verdict.PASS),
    scenario("slow", Verdict.FAIL, reasons=("</failure> \x00 & \u202e",)),
    scenario("broken", Verdict.ERROR),
    scenario("spared", Verdict.NO_DATA, blocking=False),
    scenario("baseline", Verdict.PASS),
    scenario("run", None),
    scenario("control", None, added=True),
)
COMPARED = Compared(baseline="before", run="desk-1", paired=True, sessions=0)


@pytest.mark.parametrize(
    "run",
    [
        run_of(),
        run_of(*EVERY),
        run_of(*EVERY, gates=(gate_of(),), compared=COMPARED, difference="event 3"),
        run_of(*EVERY, not_started="agent.py: no such file", finished=None, commit="c" * 40),
        run_of(suite="a.b & <c>", path="dir with blanks/é.eval.yaml"),
    ],
    ids=["empty", "every verdict", "gates and baseline", "not started", "odd names"],
)
def test_it_fits_the_schema(schema: XMLSchema, run: Run):
    schema.validate(junit(run))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('time="0"', 'time="2 s"'),
        ('name="slow"', 'name="happy"'),
        ('classname="evalkit.desk_v2"', 'classname="evalkit.desk.v2"'),
        ("<failure", "<failing"),
        ("<skipped", "<note/><skipped"),
    ],
)
def test_the_schema_refuses_what_platforms_would_read_wrong(schema: XMLSchema, old: str, new: str):
    text = junit(run_of(*EVERY))
    assert old in text
    spoiled = text.replace("</failure", "</failing") if new == "<failing" else text
    assert not schema.is_valid(spoiled.replace(old, new))


def test_each_scenario_is_a_case_once():
    suites = read(run_of(scenario("happy", Verdict.PASS), scenario("slow", Verdict.FAIL)))
    suite = suites[0]
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    assert suite.get("time") == "2.500"
    cases = [(each.get("classname"), each.get("name")) for each in suite.iter("testcase")]
    assert cases == [("evalkit.desk_v2", "happy"), ("evalkit.desk_v2", "slow")]


def test_a_failure_says_what_and_how_to_see_it_again():
    case = next(read(run_of(scenario("slow", Verdict.FAIL))).iter("testcase"))
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "slow went wrong"
    assert "evalkit run suites/desk.eval.yaml --scenario slow" in (failure.text or "")


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        (Verdict.NO_DATA, "failure"),
        (Verdict.INCONCLUSIVE, "failure"),
        (Verdict.ERROR, "error"),
        (None, "failure"),
    ],
)
def test_nothing_but_a_pass_passes(verdict: Verdict | None, tag: str):
    assert read(run_of(scenario("x", verdict))).find(f".//testcase/{tag}") is not None


def test_what_does_not_block_is_skipped_and_tells_why():
    found = read(run_of(scenario("x", Verdict.FAIL, blocking=False)))
    skipped = found.find(".//testcase/skipped")
    assert skipped is not None
    assert "does not block" in (skipped.get("message") or "")
    assert found.find(".//failure") is None


def test_controls_are_no_cases():
    assert list(read(run_of(scenario("c", None, added=True))).iter("testcase")) == []


def test_a_run_that_could_not_be_started_is_an_error():
    found = read(run_of(not_started="agent.py: no such file"))
    error = found.find(".//testcase/error")
    assert error is not None
    assert error.get("message") == "agent.py: no such file"


@given(st.text())
def test_whatever_stands_in_a_reason_is_xml(text: str):
    run = run_of(scenario("x", Verdict.FAIL, reasons=(text,)))
    failure = read(run).find(".//failure")
    assert failure is not None


def test_a_reader_that_is_not_ours_reads_the_same():
    text = junit(run_of(scenario("happy", Verdict.PASS), scenario("slow", Verdict.FAIL)))
    (suite,) = JUnitXml.fromstring(text.encode())
    happy, slow = suite
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (2, 1, 0, 0)
    assert (happy.is_passed, slow.is_passed) == (True, False)
    (failure,) = slow.result
    assert (failure.message, failure.type) == ("slow went wrong", "fail")
