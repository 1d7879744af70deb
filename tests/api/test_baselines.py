"""Runs are accepted as baselines, and later ones held against them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.cli.app import main
from evalkit.engine.events import CellKey, Interrupted
from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord
from evalkit.store import Run
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.metrics.journals import Pen

ITEMS = [{"id": f"s{at}", "turns": [{"input": "hello"}]} for at in range(12)]


def story(ms: float, status: int = 200) -> Any:
    def told(cell: CellKey, session: str) -> Sequence[AnyRecord]:
        del cell
        pen = Pen(session).start().begin().call("items", 0, ms / 2, status=status)
        return pen.reply(ms).end(ms).records

    return told


GATES = ["max(turn.latency) < 1s"]


def ran(
    folder: Path,
    engine: Engine,
    ms: float = 100,
    status: int = 200,
    gates: Sequence[str] = (),
    **more: Any,
) -> Run:
    engine.story = story(ms, status)
    sessions = {"concurrency": 1, "items": ITEMS}
    suite = write_suite(folder, sessions=sessions, gates=list(gates))
    (run,) = api.run(suite, out=folder / "reports", controls=False, **more)
    return run


def test_a_run_is_held_against_what_was_accepted(tmp_path: Path, engine: Engine) -> None:
    first = ran(tmp_path, engine)
    path = api.accept_baseline(first)
    assert path.parent == tmp_path
    same = ran(tmp_path, engine, baseline=path)
    assert (same.verdict, same.exit_code) == (first.verdict, first.exit_code)
    assert same.record.compared is not None
    assert same.record.compared.sessions == len(ITEMS)
    slow = ran(tmp_path, engine, ms=9_000, baseline=path)
    assert (slow.verdict, slow.exit_code) == (Verdict.FAIL, 1)
    assert any("worse than the baseline" in each for each in slow.record.reasons)
    assert Run(slow.folder).record.compared == slow.record.compared  # it is kept


def test_gates_tell_what_they_came_to_in_the_baseline(tmp_path: Path, engine: Engine) -> None:
    path = api.accept_baseline(ran(tmp_path, engine, gates=GATES))
    slow = ran(tmp_path, engine, ms=9_000, gates=GATES, baseline=path)
    kept = Run(slow.folder).record
    assert [(each.before, each.observed) for each in kept.gates] == [(100e6, 9e9)]


def test_what_a_session_does_otherwise_is_named(tmp_path: Path, engine: Engine) -> None:
    path = api.accept_baseline(ran(tmp_path, engine))
    found = api.compare_to_baseline(path, ran(tmp_path, engine, status=503))
    assert len(found.changed) == len(ITEMS)
    first = found.changed[0]
    assert (first.before, first.now) == (
        "turn 1: items GET / → 200",
        "turn 1: items GET / → 503",
    )


def test_a_run_that_is_not_whole_is_no_baseline(tmp_path: Path, engine: Engine) -> None:
    part = ran(tmp_path, engine, session="s3")
    with pytest.raises(UsageError, match="one session only"):
        api.accept_baseline(part)
    chosen = ran(tmp_path, engine, scenario="*")
    with pytest.raises(UsageError, match="the scenarios"):
        api.accept_baseline(chosen)
    cell = engine.ran[-1]
    engine.instead[cell] = Interrupted()
    broken = ran(tmp_path, engine)
    with pytest.raises(UsageError, match="interrupted"):
        api.accept_baseline(broken)
    assert not list(tmp_path.glob("*.baseline.json"))


def test_a_baseline_of_another_suite_is_refused_before_anything_runs(
    tmp_path: Path, engine: Engine
) -> None:
    path = api.accept_baseline(ran(tmp_path, engine))
    path.write_text(path.read_text().replace('"suite": "', '"suite": "other-'))
    runs = engine.runs
    with pytest.raises(UsageError, match="is of the suite other-"):
        ran(tmp_path, engine, baseline=path)
    assert engine.runs == runs


def test_the_command_of_a_failure_holds_it_against_the_same_file_again(
    tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept here").mkdir()
    path = api.accept_baseline(ran(tmp_path, engine), tmp_path / "kept here" / "desk.json")
    slow = ran(tmp_path, engine, ms=9_000, baseline=path)
    assert slow.record.compared is not None
    assert slow.record.compared.file == str(path)
    assert main(["comment", str(tmp_path / "reports")]) == 0
    body = capsys.readouterr().out
    again = next(
        line.removeprefix("- `").removesuffix("`")
        for line in body.splitlines()
        if line.startswith("- `evalkit run ")
    )
    assert again == (
        f"evalkit run {slow.record.path} --scenario plain --baseline '{path}' --seed 0"
    )
    options = ["--no-control", "--no-report", "--out", str(tmp_path / "again")]
    assert main([*shlex.split(again)[1:], *options]) == 1
    assert "worse than the baseline" in capsys.readouterr().out
    assert slow.record.command == f"evalkit run {slow.record.path} --seed 0 --baseline '{path}'"


def test_a_run_that_was_the_baseline_is_named_by_its_id(tmp_path: Path, engine: Engine) -> None:
    before = ran(tmp_path, engine)
    slow = ran(tmp_path, engine, ms=9_000, baseline="latest")
    assert slow.record.command.endswith(f"--seed 0 --baseline {before.id}")
    (again,) = api.run(
        slow.record.path, out=tmp_path / "reports", baseline=before.id, controls=False
    )
    assert again.exit_code == 1


def test_budgets_are_in_the_record_and_in_the_report(tmp_path: Path, engine: Engine) -> None:
    engine.story = story(400)  # each of twelve calls takes half of it
    services = {"items": {"use": "items.yaml", "budget": "150ms"}}
    sessions = {"concurrency": 1, "items": ITEMS}
    suite = write_suite(tmp_path, sessions=sessions, services=services)
    (run,) = api.run(suite, out=tmp_path / "reports", controls=False)
    assert Run(run.folder).record.budgets == {"items": 150_000_000}
    page, _ = api.report(run)
    table = page.read_text().partition('id="integrations"')[2].partition("</section>")[0]
    assert re.sub(r"<[^>]*>", " ", table).split("Amplif.")[1].count("150 ms 12 over it") == 1


def test_the_commands(tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "reports")]
    before = ran(tmp_path, engine)
    assert main(["baseline", "accept", before.id, *out]) == 0
    path = capsys.readouterr().out.split()[1]
    slow = ran(tmp_path, engine, ms=9_000)
    assert main(["compare", path, slow.id, *out]) == 1
    told = capsys.readouterr().out
    assert "worse than the baseline" in told
    assert "session.latency" in told
    assert main(["compare", before.id, slow.id, "--json", *out]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "fail"
    assert main(["compare", path, slow.id, "--tolerance", "much", *out]) == 2
