"""Environments for clients that cannot stand beside those that the tests run with.

An environment lies on top of the one that the tests run in: what it holds comes first, and all that
it does not hold is the tests' own. So it takes seconds to make, and only what differs is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(sys.prefix) / "other-clients"
MADE = "made-of.txt"
DEADLINE = 240


@dataclass(frozen=True)
class Environment:
    """What to install on top of the tests' environment; with all that it needs, or only these."""

    name: str
    packages: tuple[str, ...]
    dependencies: bool = True

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def python(self) -> Path:
        windows = sys.platform == "win32"
        return self.folder / ("Scripts/python.exe" if windows else "bin/python")

    def ready(self) -> Path:
        """Its Python. It is made once, and kept until something else is to be in it."""
        recipe = "\n".join((sys.version, str(self.dependencies), *self.packages))
        made = self.folder / MADE
        if not (made.exists() and made.read_text() == recipe):
            self._make()
            made.write_text(recipe)
        return self.python

    def _make(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        venv.create(self.folder)
        own, below = _packages(self.python), sysconfig.get_path("purelib")
        # The folders that the tests' environment adds to its path are added too.
        (own / "below.pth").write_text(f"import site; site.addsitedir({below!r})\n")
        options = () if self.dependencies else ("--no-deps",)
        done = _pip(self.python, "install", *options, *self.packages)
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            _skip_without_index(done.stderr)
            pytest.fail(f"{self.name} could not be installed:\n{done.stderr}")

    def test(self, *files: str) -> None:
        """Run these tests in it; fails as they fail, and where they are skipped altogether."""
        options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
        done = _run(str(self.ready()), "-m", "pytest", *options, *files)
        assert done.returncode == 0, f"in the environment {self.name}:\n{done.stdout}{done.stderr}"
        assert " passed" in done.stdout, done.stdout
        assert "skipped" not in done.stdout, done.stdout


def _skip_without_index(why: str) -> None:
    """Skip where nothing can be installed at all: a package that any index has tells."""
    if _pip(Path(sys.executable), "download", "--no-deps", "--dest", os.devnull, "pip").returncode:
        reason = why.strip().splitlines()[-1:] or ["pip failed"]
        pytest.skip(f"no package index answers: {reason[0]}")


def _packages(python: Path) -> Path:
    told = _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    return Path(told.stdout.strip())


def _pip(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # One pip serves both: the new environment needs none of its own.
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    return _run(*pip, *arguments, "--quiet", "--disable-pip-version-check", "--no-input")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    about_tests = ("PYTEST", "PYTHON", "COVERAGE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(about_tests)}
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
