"""What somebody should know of before a suite runs live."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.engine.plan import plan_suite
from evalkit.suite import load_suite
from tests.engine.suites import write_suite

THINKS = {"items": [{"id": "s", "turns": [{"input": "a"}, {"input": "b", "think": "20h"}]}]}


def _warnings(path: Path, *, live: bool) -> list[str]:
    return [each.message for each in plan_suite(load_suite(path), live=live).warnings]


@pytest.mark.parametrize(
    ("deadline", "took"), [("2h", "2h"), ("90min", "90min"), ("30h", "20h"), ("9min", None)]
)
def test_a_live_run_that_takes_long_is_told_of(
    tmp_path: Path, deadline: str, took: str | None
) -> None:
    path = write_suite(tmp_path, sessions={**THINKS, "deadline": deadline})
    told = [] if took is None else [f"live, this takes {took} and more: users come, or think "]
    assert [each[: len(told[0])] for each in _warnings(path, live=True)] == told
    assert _warnings(path, live=False) == []
