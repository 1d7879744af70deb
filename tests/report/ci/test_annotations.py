"""Annotations: workflow commands that nothing in a run can break out of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.api.annotating import annotations_of
from evalkit.gate import GateResult, Verdict
from evalkit.metrics import Unit
from evalkit.report.ci.annotations import Annotation, commands
from evalkit.store import QuarantineRecord
from tests.engine.suites import write_suite
from tests.report.ci.test_junit import run_of, scenario

ONE = Annotation(level="error", file="a.yaml", line=3, column=5, title="t", message="m")


def gate(text: str, scope: str) -> GateResult:
    return GateResult(
        gate=text,
        figure="p90(turn.latency)",
        scope=scope,
        verdict=Verdict.FAIL,
        observed=9e8,
        op="<",
        limit=8e8,
        unit=Unit.DURATION,
        n=3,
        sessions=3,
        why=f"{text} did not hold",
    )


def test_a_command_says_where() -> None:
    assert list(commands([ONE])) == ["::error file=a.yaml,line=3,col=5,title=t::m"]


@given(st.text(), st.text())
def test_whatever_is_said_stays_in_its_place(title: str, message: str) -> None:
    (line,) = commands([replace(ONE, title=title, message=message)])
    assert "\n" not in line
    assert "\r" not in line
    head, _, rest = line.removeprefix("::").partition("::")
    assert head.startswith("error file=a.yaml,line=3,col=5,title=")
    assert head.count(",") == 3
    assert not rest.startswith("\n")


@pytest.mark.parametrize(("number", "shown"), [(10, 10), (11, 10), (500, 10)])
def test_no_more_than_are_shown(number: int, shown: int) -> None:
    lines = list(commands([ONE] * number))
    assert len(lines) == shown
    assert (f"{number - 9} more" in lines[-1]) is (number > 10)


def test_gates_and_scenarios_are_found_in_the_suite(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        gates=["p90(turn.latency)<850ms", "rate(session.completed) > 99%"],
        scenarios={"plain": {"gates": ["p90(turn.latency) < 2s"]}, "other": {}},
    )
    lines = path.read_text().splitlines()
    plain = scenario(
        "plain", Verdict.FAIL, gates=(gate("p90(turn.latency) < 2s", "plain"),), reasons=("bad",)
    )
    spared = QuarantineRecord(owner="o", reason="r", until="2999-12-31", holds=True)
    other = scenario("other", Verdict.FAIL, blocking=False, quarantine=spared)
    run = run_of(plain, other, path=str(path), gates=(gate("p90(turn.latency) < 850ms", "suite"),))
    found = list(annotations_of(run.record, tmp_path))
    assert [(each.level, lines[(each.line or 0) - 1].strip()) for each in found] == [
        ("error", "- p90(turn.latency)<850ms"),
        ("error", "plain:"),
        ("error", "- p90(turn.latency) < 2s"),
        ("warning", "other: {}"),
    ]
    assert {each.file for each in found} == {"small.eval.yaml"}


def test_a_suite_that_is_gone_is_named_all_the_same(tmp_path: Path) -> None:
    run = run_of(scenario("x", Verdict.FAIL))
    (found,) = annotations_of(run.record, tmp_path)
    assert (found.file, found.line) == ("suites/desk.eval.yaml", None)
