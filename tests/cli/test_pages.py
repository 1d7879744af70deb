from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.cli.pages import Pages
from evalkit.errors import UsageError
from evalkit.store import Run, RunJudged
from tests.store.runs import record_of


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads in which reports were written."""
    names: list[str] = []

    def report(run: Run) -> tuple[Path, Path]:
        names.append(threading.current_thread().name)
        if run.folder.name == "full":
            raise UsageError("no room for the report")
        return run.folder / "index.html", run.folder.parent / "index.html"

    monkeypatch.setattr(api, "report", report)
    return names


def test_a_report_is_written_beside_what_runs_once_its_run_is_judged(
    tmp_path: Path, threads: list[str]
) -> None:
    heard: list[Any] = []
    run = Run(tmp_path / "a", record_of())
    with Pages() as pages:
        listener = pages.beside(heard.append)
        listener(RunJudged(run))
        assert pages.of(run) == tmp_path / "a" / "index.html"
        assert pages.of(run) == tmp_path / "a" / "index.html"
    assert len(threads) == 1
    assert threads[0] != threading.current_thread().name
    assert heard == [RunJudged(run)]


def test_what_was_not_heard_of_is_written_when_it_is_asked_for(
    tmp_path: Path, threads: list[str]
) -> None:
    with Pages() as pages:
        assert pages.of(Run(tmp_path / "a", record_of())) == tmp_path / "a" / "index.html"
    assert threads == [threading.current_thread().name]


def test_that_one_could_not_be_written_is_told_where_it_is_asked_for(
    tmp_path: Path, threads: list[str]
) -> None:
    full, good = Run(tmp_path / "full", record_of()), Run(tmp_path / "good", record_of())
    with Pages() as pages:
        listener = pages.beside(lambda event: None)
        listener(RunJudged(full))
        listener(RunJudged(good))
        with pytest.raises(UsageError, match="no room"):
            pages.of(full)
        assert pages.of(good) == tmp_path / "good" / "index.html"
    assert len(threads) == 2
