"""Quarantines as they are written in a suite."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.suite import load_suite
from evalkit.suite.quarantine import Quarantine
from tests.engine.suites import write_suite

GOOD = {"owner": "ops", "reason": "the shop moves", "until": "2026-12-01"}


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 11, 30), True), (date(2026, 12, 1), True), (date(2026, 12, 2), False)],
)
def test_it_holds_up_to_and_including_its_day(day: date, holds: bool) -> None:
    assert Quarantine(**GOOD).holds(day) is holds


def test_a_day_need_not_be_quoted(tmp_path: Path) -> None:
    path = write_suite(tmp_path, scenarios={"plain": {"quarantine": GOOD}})
    path.write_text(path.read_text().replace("'2026-12-01'", "2026-12-01"))
    assert load_suite(path).value.scenarios["plain"].quarantine == Quarantine(**GOOD)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": "2026-02-30"}, "is no day"),
        ({"until": "next week"}, "is no day"),
        ({"until": "20261201"}, "is no day"),
        ({"until": None}, "until"),
        ({"owner": " "}, "owner"),
        ({"reason": ""}, "reason"),
    ],
)
def test_it_says_who_why_and_until_when(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = write_suite(tmp_path, scenarios={"plain": {"quarantine": GOOD | changes}})
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["owner", "reason", "until"])
def test_nothing_of_it_may_be_left_out(tmp_path: Path, key: str) -> None:
    given = {name: each for name, each in GOOD.items() if name != key}
    path = write_suite(tmp_path, scenarios={"plain": {"quarantine": given}})
    with pytest.raises(SuiteError, match=key):
        load_suite(path)
