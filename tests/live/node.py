"""Packages of npm for tests: fetched once into a folder that git does not keep."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "output" / "node"
PATIENCE = 120  # seconds that npm has


def modules(package: str, version: str) -> Path:
    """The folder in which Node finds a package of this major version. Where that cannot be had, the
    test is skipped and says what is unverified.
    """
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip(f"unverified: an agent with {package}, for node or npm is not here")
    if not (FOLDER / "node_modules" / package).is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(FOLDER))
        try:
            got = subprocess.run(
                [npm, "install", *options, f"{package}@{version}"],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"unverified: an agent with {package}, for npm did not get it in time")
        if got.returncode:
            pytest.skip(f"unverified: an agent with {package}, for npm has no {package} here")
    return FOLDER / "node_modules"
