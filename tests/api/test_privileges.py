"""What a run used is shown, held against the reviewed list, and accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.api.privileges import accept, review
from evalkit.checks.privileges import Privilege, list_of
from evalkit.cli.app import main
from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord
from evalkit.store import Run
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.metrics.journals import Pen

SCENARIOS = {"good": {}, "other": {}}


def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    """A call of `items`, and in the other scenario one of `queue` too."""
    pen = Pen(session).start().begin().call("items", 0, 50)
    if cell.scenario == "other":
        pen.call("queue", 50, 60)
    return pen.reply(100).end(100).records


def ran(folder: Path, engine: Engine, **options: Any) -> Run:
    engine.story = story
    suite = write_suite(folder, scenarios=SCENARIOS)
    (run,) = api.run(suite, out=folder / "reports", **options)
    return run


def test_what_was_used_over_all_scenarios(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    reviewed = review(str(run.folder))
    assert list(reviewed.used) == ["items", "queue"]
    assert reviewed.accepted is None
    assert len(reviewed.new) == 2


def test_what_was_accepted_is_no_longer_new(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine)
    accept(review(str(run.folder)))
    again = review(str(run.folder))
    assert (again.new, again.unused) == ((), ())
    assert again.accepted == again.used


def test_a_part_of_a_suite_takes_nothing_away(tmp_path: Path, engine: Engine) -> None:
    accept(review(str(ran(tmp_path, engine).folder)))
    part = review(str(ran(tmp_path, engine, scenario="good").folder))
    assert list(part.used) == ["items"]
    assert (part.whole, part.unused) == (False, ())
    accept(part)
    assert list(review(str(ran(tmp_path, engine).folder)).proposed) == ["items", "queue"]


def test_what_is_not_used_any_more_goes_when_the_whole_is_accepted(
    tmp_path: Path, engine: Engine
) -> None:
    accept(review(str(ran(tmp_path, engine).folder)))
    run = ran(tmp_path, engine)
    path = review(str(run.folder)).path
    path.write_text(path.read_text() + "zoo: {GET /tigers: []}\n")
    reviewed = review(str(run.folder))
    assert reviewed.unused == (Privilege("zoo", "GET /tigers", ()),)
    accept(reviewed)
    assert "zoo" not in path.read_text()


def test_a_suite_means_its_last_run(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(UsageError, match="no run of"):
        review(str(write_suite(tmp_path)), out=tmp_path / "reports")
    run = ran(tmp_path, engine)
    assert review(run.record.path, out=tmp_path / "reports").run.id == run.id


def test_on_the_command_line(
    tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ran(tmp_path, engine)
    assert main(["privileges", "show", str(run.folder)]) == 0
    assert "there is no reviewed list yet" in capsys.readouterr().out
    assert main(["privileges", "accept", str(run.folder)]) == 0
    assert "+ items " in capsys.readouterr().out
    assert main(["privileges", "show", str(run.folder)]) == 0
    assert "all of it is accepted" in capsys.readouterr().out
    review(str(run.folder)).path.write_text("{}")
    assert main(["privileges", "show", str(run.folder)]) == 1
    assert "not accepted: 2 privileges" in capsys.readouterr().out


def test_a_run_with_more_than_was_accepted_fails(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    list_of(suite).write_text("items: {GET /other: []}")
    (run,) = api.run(suite, out=tmp_path / "reports", session="s1")
    assert run.verdict is Verdict.FAIL
    found = run.findings("plain")
    assert {each.check for each in found} == {"least-privilege"}
    assert "is not in the reviewed list of privileges" in found[0].message
    accept(review(str(run.folder)))
    (run,) = api.run(suite, out=tmp_path / "reports", session="s1")
    assert run.verdict is Verdict.PASS
