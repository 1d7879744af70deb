from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate import Verdict
from evalkit.report.words import (
    STYLES,
    SYMBOLS,
    clean,
    count,
    numbered,
    seconds,
    span,
    style_of,
    worded,
)
from evalkit.store import command_of


def test_every_verdict_has_a_symbol_of_its_own_and_a_word() -> None:
    assert set(SYMBOLS) == set(STYLES) == set(Verdict)
    assert len(set(SYMBOLS.values())) == len(Verdict)
    assert [worded(each).partition(" ")[2] for each in Verdict] == [
        "pass",
        "fail",
        "inconclusive",
        "no data",
        "error",
    ]
    assert worded(None) == "· not judged"
    assert style_of(None) == "dim"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\n  lines", "two lines"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),
        ("bell\x07", r"bell\x07"),
        ("Zoë", "Zoë"),
        ("", ""),
    ],
)
def test_text_from_elsewhere_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(), st.integers(1, 40))
def test_clean_text_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0.000 s"),
        (200_000_000, "0.200 s"),
        (12_345_678_901, "12.346 s"),
        (250_000, "250 µs"),
        (900_000, "0.001 s"),
    ],
)
def test_times_are_in_seconds(ns: int, shown: str) -> None:
    assert seconds(ns) == shown


@pytest.mark.parametrize(
    ("seconds_", "shown"),
    [(2, "2.000 s"), (119, "119.000 s"), (150, "2.5 min"), (7199, "120.0 min"), (18048, "5.0 h")],
)
def test_long_times_are_in_the_unit_that_suits_them(seconds_: int, shown: str) -> None:
    assert span(seconds_ * 10**9) == shown


def test_counts_agree_with_their_words() -> None:
    assert [count(n, "session") for n in (0, 1, 1200)] == [
        "0 sessions",
        "1 session",
        "1,200 sessions",
    ]
    assert count(2, "more kind", "more kinds") == "2 more kinds"
    assert numbered((3, 4)) == "#3 #4"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({}, "evalkit run 'my suites/a.eval.yaml' --seed 7"),
        ({"scenario": "crm-*"}, "evalkit run 'my suites/a.eval.yaml' --scenario 'crm-*' --seed 7"),
        (
            {"scenario": "slow", "session": "s 1"},
            "evalkit run 'my suites/a.eval.yaml' --scenario slow --session 's 1' --seed 7",
        ),
    ],
)
def test_the_command_can_be_pasted_into_a_shell(chosen: dict[str, str], words: str) -> None:
    assert command_of("my suites/a.eval.yaml", seed=7, **chosen) == words
