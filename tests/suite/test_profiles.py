"""Profiles of load tests: their course, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.errors import SuiteError
from evalkit.suite import load_suite
from evalkit.suite.profiles import LoadProfile
from evalkit.units import MINUTE, SECOND


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({"ramp": {"to": 9, "over": "1min", "hold": "2min"}}, [(0, 1), (60, 9), (180, 9)]),
        (
            {"step": {"add": 5, "every": "10s", "steps": 2}},
            [(0, 5), (10, 5), (10, 10), (20, 10)],
        ),
        (
            {"spike": {"base": 2, "peak": 8, "after": "1min", "for": "5s"}},
            [(0, 2), (60, 2), (60, 8), (65, 8), (65, 2), (125, 2)],
        ),
        ({"soak": {"users": 3, "for": "4h"}}, [(0, 3), (14400, 3)]),
    ],
)
def test_a_profile_has_its_course(given: dict[str, Any], points: list[tuple[int, int]]) -> None:
    profile = LoadProfile.model_validate(given)
    assert [(moment // SECOND, users) for moment, users in profile.points] == points
    assert profile.lasts == points[-1][0] * SECOND
    assert profile.most == max(users for _, users in points)


def test_a_business_day_has_two_peaks_and_quiet_ends() -> None:
    profile = LoadProfile.model_validate({"business_day": {"peak": 100, "for": "9min"}})
    users = [each for _, each in profile.points]
    assert (users.count(100), users[0], users[-1]) == (2, 5, 5)
    assert profile.lasts == 9 * MINUTE


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({}, "one of these keys is missing: ramp, step, spike, soak, business_day"),
        ({"soak": {"users": 1, "for": "1h"}, "ramp": {"to": 2, "over": "1s"}}, "keep one"),
        ({"soak": {"users": 0, "for": "1h"}}, "must be at least 1"),
        ({"soak": {"users": 1, "for": "0s"}}, "0s is no time"),
        ({"soak": {"users": 1, "for": "1h"}, "scenario": "hapy"}, "did you mean happy?"),
    ],
)
def test_a_mistake_in_a_profile_is_told(
    tmp_path: Path, profile: dict[str, Any], words: str
) -> None:
    suite = {
        "suite": "s",
        "agent": {"python": "a.py:a"},
        "sessions": {"items": [{"id": "a", "turns": [{"input": "x"}]}]},
        "scenarios": {"happy": {}},
        "load": {"p": profile},
    }
    path = tmp_path / "s.eval.yaml"
    path.write_text(yaml.safe_dump(suite), encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert words in str(caught.value)
