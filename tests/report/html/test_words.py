from __future__ import annotations

import pytest

from evalkit.gate.baseline.model import NUMBERS
from evalkit.metrics.definitions import METRICS
from evalkit.report.html import words


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ("p90(session.latency)", "p90 of a session's time, the user's thinking included"),
        ("p99.9(turn.latency where scenario=a*) < 5s", "p99.9 of a turn's time until its reply"),
        ("rate(session.held) < 1%", "the share of sessions that put the user off"),
        ("session.completed", "sessions that came to their end"),
        ("mean(session.calls)", "the mean of how many calls a session makes"),
        ("p90(turn.nothing)", ""),
        ("anything else", ""),
        ("", ""),
    ],
)
def test_a_figure_has_plain_words(figure: str, text: str) -> None:
    assert words.plain(figure) == text


def test_every_figure_about_sessions_and_their_time_has_words() -> None:
    times = [each for each in METRICS if each.startswith("session.") or each.endswith(".latency")]
    assert [each for each in times if "tokens" not in each and not words.plain(each)] == []


def test_words_are_of_figures_that_there_are() -> None:
    counted = {f"session.{each}" for each in NUMBERS}  # of a baseline
    assert [each for each in words._PLAIN if each not in {*METRICS, *counted}] == []
