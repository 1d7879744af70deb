"""The page of every key is made of the code, and names all there is."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalkit
from evalkit.checks import CHECKS
from evalkit.cli.reference import page
from evalkit.faults import FAULTS, PRESETS
from evalkit.metrics.definitions import METRICS
from evalkit.report.reference import reference_lines

PAGE = Path(evalkit.__file__).with_name("reference.md")


def test_the_page_that_is_kept_is_current():
    assert PAGE.read_text() == f"{page()}\n", (
        "write it anew: evalkit reference > evalkit/reference.md"
    )


@pytest.mark.parametrize("names", [FAULTS, PRESETS, CHECKS, METRICS])
def test_everything_that_can_be_named_stands_there(names: dict[str, object]):
    page = PAGE.read_text()
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_kinds_of_values_are_told_in_words():
    lines = set(reference_lines())
    assert "| `attempts` | whole number |  | Attempts allowed |" in lines, (
        "an integer that may be left out"
    )
    assert any(
        each.startswith("| `scenarios` | mapping to scenario | *needed* |") for each in lines
    )
    assert any(each.startswith("| `routes` | mapping to route | *needed* |") for each in lines)
