"""Runs that are done scenario by scenario, as a test framework does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.api.piecewise import NOT_JUDGED, Piecewise, finished, gated
from evalkit.api.planning import plan_loaded
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellFailed, CellKey
from evalkit.gate import Verdict
from evalkit.store import Status
from evalkit.suite import load_suite
from tests.api.engines import Engine
from tests.engine.suites import sessions, write_suite

STARTED = datetime(2026, 11, 20, tzinfo=UTC)
FAULTY = {"faults": [{"at": "items", "when": {"call": 9}, "inject": "reset"}]}
PARTS: dict[str, Any] = {
    "scenarios": {"alpha": {}, "beta": FAULTY, "gamma": FAULTY},
    "sessions": {"items": sessions(2)},
    "gates": ["count(turn.latency) > 100"],
}


@pytest.fixture
def plan(tmp_path: Path, engine: Engine) -> SuitePlan:
    del engine
    return plan_loaded(load_suite(write_suite(tmp_path, **PARTS)))


def part(plan: SuitePlan, folder: Path, *names: str) -> Piecewise:
    """A run of these scenarios, as one of several processes sees it."""
    out = folder / "reports"
    return Piecewise(plan, out, names=names, started=STARTED, token="ab12")


def nobody(event: object) -> None:
    """Listen to nothing."""


def test_several_processes_run_each_cell_once_and_the_run_is_judged_whole(
    tmp_path: Path, plan: SuitePlan, engine: Engine
) -> None:
    names = ("alpha", "beta", "gamma")
    first, second = part(plan, tmp_path, *names), part(plan, tmp_path, *names)
    pieces = [first.run(["beta"], nobody), second.run(["alpha"], nobody)]
    pieces.append(second.run(["gamma"], nobody))
    assert sorted(each.scenario for each in engine.ran) == ["alpha", "beta", "gamma"]
    assert [each.name for each in pieces[0].record.scenarios] == ["alpha", "beta"]
    run = finished(plan, first.folder, [each.told() for each in pieces], gates=True)
    whole = api.run(tmp_path / "small.eval.yaml", out=tmp_path / "other")[0]
    assert (run.record.status, run.digest) == (Status.COMPLETE, whole.digest)
    assert [each.verdict for each in run.record.scenarios] == [
        each.verdict for each in whole.record.scenarios
    ]
    assert [each.verdict for each in run.record.gates] == [Verdict.FAIL]
    assert not list(run.folder.glob(".*"))


def test_what_was_not_run_leaves_the_run_interrupted(tmp_path: Path, plan: SuitePlan) -> None:
    some = part(plan, tmp_path, "alpha", "beta")
    piece = some.run(["alpha"], nobody)
    run = finished(plan, some.folder, [piece.told()], gates=False)
    assert (run.record.status, run.digest, run.exit_code) == (Status.INTERRUPTED, None, 130)
    assert NOT_JUDGED in run.record.notes
    assert run.record.gates == ()


@pytest.mark.parametrize(
    ("names", "ran", "left"),
    [
        (["alpha", "beta", "gamma"], ["beta"], ["gamma"]),
        (["alpha", "beta"], ["alpha"], ["beta"]),
        (["beta", "gamma"], ["gamma"], ["beta"]),
    ],
)
def test_what_was_not_reached_can_be_gone_on_with(
    tmp_path: Path,
    plan: SuitePlan,
    engine: Engine,
    names: list[str],
    ran: list[str],
    left: list[str],
) -> None:
    some = part(plan, tmp_path, *names)
    told = [some.run(ran, nobody).told()]
    run = finished(plan, some.folder, told, gates="alpha" in names)
    assert run.record.status is Status.INTERRUPTED
    engine.ran = []
    (whole,) = api.run(resume=run.folder, out=tmp_path)
    assert [each.scenario for each in engine.ran] == left
    assert [each.name for each in whole.record.scenarios if not each.added] == names
    assert (whole.record.status, whole.digest is None) == (Status.COMPLETE, False)
    assert len(whole.record.gates) == ("alpha" in names)


def test_a_control_is_added_where_none_is_chosen(
    tmp_path: Path, plan: SuitePlan, engine: Engine
) -> None:
    alone = part(plan, tmp_path, "beta")
    alone.run(["beta"], nobody)
    assert sorted(each.scenario for each in engine.ran) == ["beta", "control"]


def test_what_broke_in_a_piece_is_told_of_the_whole(
    tmp_path: Path, plan: SuitePlan, engine: Engine
) -> None:
    cell = CellKey("alpha", 0)
    engine.instead[cell] = CellFailed(cell=cell, what="it broke", detail="where", start=False)
    some = part(plan, tmp_path, "alpha")
    piece = some.run(["alpha"], nobody)
    assert piece.record.scenario("alpha").verdict is Verdict.ERROR
    run = finished(plan, some.folder, [piece.told(), piece.told()], gates=False)
    (problem,) = run.record.scenario("alpha").problems
    assert (problem.what, run.record.status) == ("it broke", Status.COMPLETE)


def test_the_gates_of_a_suite_judge_what_injects_nothing(plan: SuitePlan) -> None:
    assert gated(plan) == ("alpha",)
