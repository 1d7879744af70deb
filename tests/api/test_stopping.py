"""A scenario ends early where a gate is lost, whoever is quicker, and does not pass then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.store import Run
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.metrics.journals import Pen

ITEMS = [{"id": f"s{number}", "turns": [{"input": "hi"}]} for number in range(4)]
GATE = "rate(session.completed) > 90%"


def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    """Of every four sessions one fails, in the scenarios called bad."""
    pen = Pen(session).start().begin()
    if cell.scenario.startswith("bad") and session.startswith("s3"):
        return pen.reply(100, None, error="lost").end(100, End.FAILED, "lost").records
    return pen.reply(100).end(100).records


def ran(folder: Path, engine: Engine, scenarios: Any = None, **options: Any) -> Run:
    engine.story = story
    folder.mkdir(exist_ok=True)
    parts = {
        "sessions": {"items": ITEMS, "repeat": 20, "cell": 6},
        "scenarios": scenarios or {"bad": {"gates": [GATE]}, "good": {"gates": [GATE]}},
    }
    suite = write_suite(folder, **parts)
    (run,) = api.run(suite, out=folder / "reports", stop_early=True, **options)
    return run


def test_it_fails_and_says_after_how_many_sessions_and_why(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    bad, good = run.record.scenario("bad"), run.record.scenario("good")
    assert (run.verdict, run.exit_code, bad.verdict) == (Verdict.FAIL, 1, Verdict.FAIL)
    assert (bad.sessions, bad.cells, bad.ends[End.COMPLETED], bad.ends[End.FAILED]) == (
        36,
        6,
        27,
        9,
    )
    assert bad.reasons[0] == (
        f"stopped early after 36 of 80 sessions: `{GATE}` could not be kept any more: 8 of 80 "
        "sessions were against it"
    )
    assert (good.verdict, good.sessions, good.stopped) == (Verdict.PASS, 80, None)
    assert len(run.sessions) == 116
    assert "--stop-early" in run.record.command


def test_it_does_not_depend_on_who_is_quicker(tmp_path: Path, engine: Engine) -> None:
    first = ran(tmp_path / "a", engine)
    assert len(engine.ran) == 6 + 14
    engine.order = lambda cells: cells[::-1]
    second = ran(tmp_path / "b", engine)
    assert len(engine.ran) == 6 + 14 + 28  # all were run, and what came too late is left out
    assert first.record.digest == second.record.digest is not None
    assert first.record.scenarios == second.record.scenarios
    assert first.sessions.equals(second.sessions)


def test_a_gate_of_the_suite_over_several_scenarios_ends_none(
    tmp_path: Path, engine: Engine
) -> None:
    engine.story = story
    gate = "rate(session.completed) > 85%"
    scenarios = {"bad": {}, "good": {}}
    items = {"items": ITEMS, "repeat": 20, "cell": 6}
    suite = write_suite(tmp_path, sessions=items, scenarios=scenarios, gates=[gate])
    (run,) = api.run(suite, out=tmp_path / "reports", stop_early=True)
    assert [each.stopped for each in run.record.scenarios] == [None, None]
    assert run.verdict is Verdict.PASS  # 20 of 160 failed


def test_where_sessions_may_well_fail_nothing_ends(tmp_path: Path, engine: Engine) -> None:
    expected = {"bad": {"gates": [GATE], "expect": {"end": ["completed", "failed"]}}}
    assert ran(tmp_path, engine, expected).record.scenario("bad").stopped is None


def test_other_gates_do_not_make_it_pass(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    gates = tmp_path / "gates.yaml"
    gates.write_text("scenarios: {bad: {gates: [rate(session.completed) > 10%]}}")
    again = api.judge_again(run.folder, gates=gates)
    assert again.record.scenario("bad").verdict is Verdict.NO_DATA
    assert again.exit_code == 3


def test_it_is_no_baseline_and_not_held_against_one(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    with pytest.raises(UsageError, match="was stopped early"):
        api.accept_baseline(run)
    engine.story = lambda cell, session: story(CellKey("good", 0), session)
    (whole,) = api.run(run.record.path, out=tmp_path / "reports")
    later = ran(tmp_path, engine, baseline=whole)
    assert later.record.compared is None
    assert any("stopped early" in each for each in later.record.notes)


def test_it_is_gone_on_with_as_it_was_begun(tmp_path: Path, engine: Engine) -> None:
    engine.instead = {CellKey("good", 5): KeyboardInterrupt()}
    run = ran(tmp_path, engine)
    assert run.exit_code == 130
    engine.instead, engine.ran = {}, []
    (whole,) = api.run(resume=run.folder, out=tmp_path / "reports")
    assert {each.scenario for each in engine.ran} == {"good"}
    assert whole.record.scenario("bad").stopped is not None
    assert whole.record.digest == ran(tmp_path / "b", engine).record.digest
    (plain,) = api.run(whole.record.path, out=tmp_path / "plain")
    with pytest.raises(UsageError, match="begun without --stop-early"):
        api.run(resume=plain.folder, out=tmp_path / "plain", stop_early=True)


def test_what_is_cut_short_is_not_compared_with_a_second_run(
    tmp_path: Path, engine: Engine
) -> None:
    with pytest.raises(UsageError, match="cannot be run twice"):
        ran(tmp_path, engine, twice=True)
