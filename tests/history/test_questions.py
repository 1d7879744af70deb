"""The questions of questions.yaml: none is read wrongly, and few are not answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.history import Names, Refused, Understood
from evalkit.history.lexicon import PHRASES
from evalkit.history.reading import Reading
from tests.history.asked import CANNOT, Sheet

BOTH = frozenset({"support", "banking"})
SUPPORT, BANKING = frozenset({"support"}), frozenset({"banking"})
NAMES = Names(
    labels={
        "suite": {"support": SUPPORT, "banking": BANKING},
        "branch": {"main": BOTH, "feature/retries": SUPPORT},
        "service": {
            **dict.fromkeys(("crm", "payments", "shop-api"), SUPPORT),
            "llm": BOTH,
            "core": BANKING,
        },
        "scenario": {
            **dict.fromkeys(("crm-slow", "payments-down", "crm-timeout"), SUPPORT),
            "happy-path": BOTH,
        },
        "operation": dict.fromkeys(("POST /charges", "GET /orders/{id}", "chat"), SUPPORT),
        "model": dict.fromkeys(("gpt-4o", "gpt-4o-mini"), SUPPORT),
        "region": dict.fromkeys(("eu", "us"), SUPPORT),
        "fault": dict.fromkeys(("delay", "status", "stall"), SUPPORT),
    }
)
SHEET = Sheet.of("questions.yaml", NAMES, datetime(2026, 3, 10, 12, tzinfo=UTC))


def test_no_question_is_read_wrongly() -> None:
    assert SHEET.wrong == []


def test_hardly_a_question_that_can_be_answered_is_not() -> None:
    assert (len(SHEET.questions), len(SHEET.answerable)) == (141, 94)
    assert SHEET.refused == []
    assert len(SHEET.unanswered) == 47


@pytest.mark.parametrize("reading", SHEET.readings)
def test_a_reading_in_its_own_words_is_read_as_itself(reading: str) -> None:
    assert SHEET.said(reading) == reading


def offered() -> list[Reading]:
    found = [SHEET.read(question) for question, right in SHEET.questions if right == CANNOT]
    return [
        reading
        for each in found
        if not isinstance(each, Understood)
        for reading in (each.near if isinstance(each, Refused) else each.readings)
    ]


def test_every_reading_that_is_offered_can_be_asked() -> None:
    assert len(offered()) > 20
    for each in offered():
        found = SHEET.read(each.question)
        assert isinstance(found, Understood), each.question
        assert found.reading == each


WORDS = sorted(
    {" ".join(each) for each in [*PHRASES, *NAMES.spelled()]}
    | {
        "p95",
        "95th percentile",
        "last 5 runs",
        "since 2026-03-01",
        '"crm"',
        "=",
        "!=",
        "gizmo",
        "3",
    }
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join))
def test_whatever_is_read_can_be_said_again_and_no_word_is_passed_over(question: str) -> None:
    found = SHEET.read(question)
    if not isinstance(found, Understood):
        assert found.why
        return
    assert "gizmo" not in question
    assert SHEET.said(found.reading.question) == found.reading.question
    assert {each.label for each in found.reading.where} <= set(found.reading.query.metric.labels)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(question: str) -> None:
    found = SHEET.read(question)
    assert isinstance(found, Understood) or found.why
