"""Runs suites as they are at another commit, to hold what they are now against that.

The commit is checked out into a folder of its own, so nothing here is touched, and run there in a
process of its own with what is installed here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.api.baselines import baseline_of
from evalkit.api.paths import Paths
from evalkit.api.planning import plan_all
from evalkit.api.running import run
from evalkit.errors import UsageError
from evalkit.gate.baseline import Baseline
from evalkit.store import Run, Status, runs_in, write_record

JUDGED = frozenset({0, 1, 3})
"""Exit codes of runs that came to their end."""

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a suite cannot be held against what it was."""

    why: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit, checked out beside the repository that it is of."""

    revision: str
    commit: str
    root: Path
    tree: Path

    @property
    def name(self) -> str:
        """What was asked for, and which commit that is."""
        short = self.commit[:12]
        return short if self.commit.startswith(self.revision) else f"{self.revision} ({short})"

    def baseline(self, suite: Path, options: Sequence[str] = ()) -> Baseline | Absent:
        """What a suite came to at the commit. `options` are of `evalkit run`."""
        path = suite.resolve()
        there = self.tree / path.relative_to(self.root) if path.is_relative_to(self.root) else None
        if there is None or not there.is_file():
            return Absent(f"not held against {self.revision}, which has no {suite}")
        with tempfile.TemporaryDirectory() as out:
            told = self._run(there, out, options)
            runs = list(runs_in(Path(out)))
            if told.returncode not in JUDGED or not runs:
                why = self._why(told, runs)[:LONGEST]
                return Absent(f"not held against {self.revision}, where it cannot be run: {why}")
            try:
                # Its folder is gone in a moment: it is the commit that later readers know.
                before = baseline_of(Run(runs[0]))
                return replace(before, run=self.name, revision=self.commit[:12])
            except UsageError as error:
                return Absent(f"not held against {self.revision}: {error.message}")

    def _why(self, told: subprocess.CompletedProcess[str], runs: Sequence[Path]) -> str:
        """Why there is nothing to compare with, in a line."""
        reasons = Run(runs[0]).record.reasons if runs else ()
        lines = [*reasons, *told.stderr.strip().splitlines(), f"exit code {told.returncode}"]
        return lines[0].replace(f"{self.tree}{os.sep}", "")

    def _run(
        self, suite: Path, out: str, options: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        # -P: the evalkit that is running, even where the checkout holds another.
        command = [sys.executable, "-P", "-m", "evalkit", "run", str(suite), "--out", out]
        return subprocess.run(
            [*command, "--no-report", "--no-control", *options],
            cwd=self.tree,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )


def run_against(
    paths: Paths, revision: str, *, out: str | os.PathLike[str] = "reports", **options: Any
) -> tuple[Run, ...]:
    """Run the suites at these paths, each held against itself at another commit.

    `options` are those of `run`. A suite that the commit does not have, or cannot run, is run and
    judged by itself; a note in its record says why. Raises what `run` raises, and `UsageError`
    where there is no such commit.
    """
    asked = {name: options.get(name) for name in ("scenario", "session", "seed", "live")}
    agent, controls = options.get("agent"), options.get("controls", True)
    plans = plan_all(paths, agent=agent, controls=controls, **asked)
    runs: list[Run] = []
    with checked_out(revision, plans[0].path) as base:
        for plan in plans:
            before = base.baseline(plan.path, _words(asked))
            given = before if isinstance(before, Baseline) else None
            (now,) = run(plan.path, out=out, baseline=given, **options)
            runs.append(now if isinstance(before, Baseline) else _noted(now, before.why))
            if now.record.status is Status.INTERRUPTED:
                break
    return tuple(runs)


def _words(asked: Mapping[str, object]) -> list[str]:
    """What was asked for, as options of the command line."""
    given = {name: each for name, each in asked.items() if each is not None and each is not False}
    words = (
        [f"--{name}"] if each is True else [f"--{name}={each}"] for name, each in given.items()
    )
    return [word for each in words for word in each]


def _noted(run: Run, note: str) -> Run:
    """The run with a note in its record."""
    record = replace(run.record, notes=(*run.record.notes, note))
    write_record(run.folder, record)
    return Run(run.folder, record)


@contextmanager
def checked_out(revision: str, inside: Path) -> Iterator[Checkout]:
    """A commit of the repository that a path is in, checked out for as long as this lasts.

    Raises `UsageError` where there is no repository, or no such commit in it.
    """
    folder = inside if inside.is_dir() else inside.parent
    root = Path(_git(folder, "rev-parse", "--show-toplevel")).resolve()
    hint = "a shallow clone holds few commits: fetch it first"
    commit = _git(
        root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}", hint=hint
    )
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary).resolve() / "base"
        _git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
        try:
            yield Checkout(revision, commit, root, tree)
        finally:
            _git(root, "worktree", "remove", "--force", str(tree))


def _git(folder: Path, *words: str, hint: str | None = None) -> str:
    try:
        told = subprocess.run(
            ["git", "-C", os.fspath(folder), *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
        )
    except FileNotFoundError as error:
        raise UsageError("git is needed to run another commit, and is not installed") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["it did not say why"]
        message = f"git {words[0]} did not work in {folder}: {lines[-1]}"
        raise UsageError(message, hint=hint) from error
    return told.stdout.strip()
