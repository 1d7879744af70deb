from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.report.choosing import Chosen, chosen_call, chosen_session
from evalkit.store import Run
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two scenarios that share the session s1; other sessions have ids of every kind."""
    odd = [*short_session("a/b"), *short_session("x#1"), *short_session("slow/s1")]
    return stored(
        tmp_path,
        result_of(short_session("s1"), scenario="happy"),
        result_of([*short_session("s1"), *odd], scenario="slow"),
        record=record_of(scenario_of("happy"), scenario_of("slow", sessions=4)),
    )


@pytest.mark.parametrize(
    ("name", "scenario", "expected"),
    [
        ("s1", "slow", ("slow", "s1")),
        ("happy/s1", None, ("happy", "s1")),
        ("a/b", None, ("slow", "a/b")),
        ("slow/a/b", None, ("slow", "a/b")),
        ("x#1", None, ("slow", "x#1")),
        ("slow/s1", None, ("slow", "slow/s1")),  # an id comes before a scenario and an id
    ],
)
def test_a_session_is_found_by_its_name(
    run: Run, name: str, scenario: str | None, expected: tuple[str, str]
) -> None:
    chosen = chosen_session(run, name, scenario)
    assert (chosen.scenario, chosen.session) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("happy/s1#3", Chosen(scenario="happy", session="s1", call=3)),
        ("x#1#2", Chosen(scenario="slow", session="x#1", call=2)),
        ("slow/#3", Chosen(scenario="slow", session=None, call=3)),
    ],
)
def test_a_call_is_found_by_its_name(run: Run, name: str, expected: Chosen) -> None:
    assert chosen_call(run, name) == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("s1", "a call is named by its session and its number, like s-003#4"),
        ("s1#", "'s1#' names no call"),
        ("s1#-1", "'s1#-1' names no call"),
        ("s1#3", "or write happy/s1; it is in: happy, slow"),
        ("hapy/s1#3", "did you mean happy?"),
        ("happy/a/b#3", "a/b is not in scenario 'happy'; it is in: slow"),
        ("happy/S1#3", "did you mean s1?"),
        ("zzz#3", "sessions there: s1, a/b, x#1, slow/s1"),
        ("#3", "name its scenario too, like happy/#3"),
        ("hapy/#3", "did you mean happy?"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(run: Run, name: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        chosen_call(run, name)
    assert words in str(raised.value)
