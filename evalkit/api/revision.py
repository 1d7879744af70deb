"""Which commit and branch a suite is of."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BRANCH_NAME")
"""Where CI systems say which branch they build: they check out a commit and no branch."""

_LONGEST = 5.0  # seconds that git is waited for


def revision(folder: Path) -> tuple[str | None, str | None]:
    """The commit and the branch of the repository that a folder is in; None where it is in none.

    A commit with changes that are not in it is marked with a `+`.
    """
    told = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if told is None:
        return None, None
    heads = dict(
        line.removeprefix("# branch.").partition(" ")[::2]
        for line in told.splitlines()
        if line.startswith("# branch.")
    )
    commit, branch = heads.get("oid"), heads.get("head")
    if commit is None or commit.startswith("("):
        return None, None
    changed = any(not line.startswith("#") for line in told.splitlines())
    if branch is None or branch.startswith("("):
        branch = next((os.environ[each] for each in _BRANCHES if os.environ.get(each)), None)
    return commit[:12] + ("+" if changed else ""), branch


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where it cannot say anything."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "--no-optional-locks", *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
