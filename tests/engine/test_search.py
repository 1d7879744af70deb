"""Where the process of cells looks for modules: beside the suite, and where the run was begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.suites import run, write_suite

SAYS = "async def agent(turn):\n    return 'here'\n"


def test_a_file_beside_the_suite_stands_in_for_no_module_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "types", "email"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not this one')")
    monkeypatch.chdir(tmp_path)
    assert run(write_suite(tmp_path, agent=SAYS)).texts == ["here"] * 3


def test_an_agent_may_lie_where_the_run_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "desk_of_ours").mkdir()
    (tmp_path / "desk_of_ours" / "talk.py").write_text(SAYS)
    suites = tmp_path / "evals"
    suites.mkdir()
    monkeypatch.chdir(tmp_path)
    path = write_suite(suites, settings={"python": "desk_of_ours.talk:agent"})
    assert run(path).texts == ["here"] * 3
