"""Suites are held against what they were at another commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.api.branching import Absent, Checkout, checked_out, run_against
from evalkit.errors import UsageError
from evalkit.report.ci.markdown import markdown
from tests.api.engines import Engine
from tests.e2e.shop import git
from tests.engine.suites import write_suite


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose first commit holds nothing, and whose second a suite that is wrong."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Nothing")
    suite = write_suite(folder)
    right = suite.read_text()
    suite.write_text("suite: [")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Something wrong")
    suite.write_text(right)
    return folder


@pytest.mark.parametrize(
    ("revision", "why"),
    [("HEAD~1", "which has no "), ("HEAD", "where it cannot be run: small.eval.yaml:1:")],
)
def test_what_cannot_be_compared_is_run_all_the_same_and_says_why(
    repo: Path, tmp_path: Path, engine: Engine, revision: str, why: str
) -> None:
    suite = repo / "small.eval.yaml"
    (run,) = run_against([suite], revision, out=tmp_path / "out")
    assert run.record.exit_code == 0
    assert run.record.compared is None
    (note,) = run.record.notes
    assert why in note
    assert "not held against" in markdown(run.record)
    assert git(repo, "worktree", "list").count("\n") == 0


def test_a_suite_outside_the_repository_has_no_past(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    suite = write_suite(tmp_path / "other")
    with checked_out("main", repo) as base:
        assert isinstance(base.baseline(suite), Absent)


@pytest.mark.parametrize(
    ("revision", "name"), [("main", f"main ({'a' * 12})"), ("aaaa", "a" * 12), ("a" * 40, "a" * 12)]
)
def test_a_baseline_is_known_by_its_commit(revision: str, name: str) -> None:
    assert Checkout(revision, "a" * 40, Path("root"), Path("tree")).name == name


def test_without_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git rev-parse did not work"), checked_out("x", tmp_path):
        pass
