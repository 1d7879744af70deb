from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from evalkit.api.revision import revision


def git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    done = subprocess.run(
        ["git", "-C", str(folder), *names, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_folder_in_no_repository_has_no_revision(tmp_path: Path) -> None:
    assert revision(tmp_path) == (None, None)


def test_a_commit_its_branch_and_its_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert revision(tmp_path) == (None, None)
    (tmp_path / "a.txt").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")[:12]
    assert revision(tmp_path) == (commit, "main")
    (tmp_path / "a.txt").write_text("two")
    assert revision(tmp_path) == (f"{commit}+", "main")
    git(tmp_path, "checkout", "-q", "--detach")
    monkeypatch.delenv("GITHUB_HEAD_REF", raising=False)
    monkeypatch.setenv("GITHUB_REF_NAME", "topic")
    assert revision(tmp_path) == (f"{commit}+", "topic")
