"""Every check has a test of something wrong, of something right and of something nearly wrong."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.checks import CHECKS

KINDS = ("wrong", "right", "near")
THREE: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("three.yaml").read_text(encoding="utf-8")
)
NAMED = re.compile(r"(?P<test>test_\w+)(?:\[(?P<row>.+)\])?")


def test_every_check_is_listed() -> None:
    assert list(THREE) == list(CHECKS)


@pytest.mark.parametrize("name", THREE)
def test_a_check_has_tests_of_three_kinds_that_are_three(name: str) -> None:
    listed = THREE[name]
    module = importlib.import_module(f"tests.{listed['in']}")
    assert len({listed[kind] for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        found = NAMED.fullmatch(listed[kind])
        assert found, listed[kind]
        test = getattr(module, found["test"])
        assert found["row"] is None or found["row"] in rows_of(test), listed[kind]


def rows_of(test: Any) -> Iterator[str]:
    """What the rows of a parametrized test are called."""
    for mark in getattr(test, "pytestmark", ()):
        yield from mark.kwargs.get("ids", ()) if mark.name == "parametrize" else ()
