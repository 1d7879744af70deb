"""Benchmarks and studies are no tests, but they must not break unnoticed."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    f"tests.{folder}.{path.stem}"
    for folder in ("bench", "studies")
    for path in (ROOT / "tests" / folder).glob("*.py")
    if not path.stem.startswith("__") and not path.stem.endswith("_agent")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_bench_and_study_can_be_imported(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it measures"
