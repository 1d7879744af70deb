"""The questions of outsider.yaml, whose asker never saw the grammar: none is read wrongly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evalkit.history import Names
from tests.history.asked import CANNOT, Sheet

EACH = frozenset({"smoke", "regression", "nightly"})
NAMES = Names(
    labels={
        "suite": {each: frozenset({each}) for each in EACH},
        "branch": dict.fromkeys(("main", "checkout", "release/2.4"), EACH),
        "service": dict.fromkeys(("crm", "payment-gateway", "llm"), EACH),
        "scenario": dict.fromkeys(("crm-slow", "refund", "happy-path"), EACH),
        "operation": dict.fromkeys(("POST /refunds", "GET /customers/{id}", "chat"), EACH),
        "model": dict.fromkeys(("claude", "gpt-4.1"), EACH),
        "region": dict.fromkeys(("eu-west", "us-east", "us-west"), EACH),
        "fault": dict.fromkeys(("delay", "reset", "status"), EACH),
    }
)
SHEET = Sheet.of("outsider.yaml", NAMES, datetime(2026, 10, 14, 12, tzinfo=UTC))
NOT_ANSWERED = 5
"""How many are refused though they could be answered: mistyped, or in words that are not known."""


def test_no_question_is_read_wrongly() -> None:
    assert SHEET.wrong == []


def test_few_that_could_be_answered_are_not() -> None:
    assert len(SHEET.refused) == NOT_ANSWERED, SHEET.refused


def test_how_many_are_answered_is_counted() -> None:
    assert (len(SHEET.questions), len(SHEET.answerable), len(SHEET.unanswered)) == (100, 28, 77)


@pytest.mark.parametrize("reading", SHEET.readings)
def test_a_reading_in_its_own_words_is_read_as_itself(reading: str) -> None:
    assert SHEET.said(reading) == reading


@pytest.mark.parametrize(
    ("when", "stretch"),
    [
        ("since Monday", "since 2026-10-12T00:00:00Z"),
        ("since Wednesday", "since 2026-10-14T00:00:00Z"),
        ("on Thursday", "since 2026-10-08T00:00:00Z before 2026-10-09T00:00:00Z"),
        ("past week", "since 2026-10-07T12:00:00Z"),
        ("over the last hour", "since 2026-10-14T11:00:00Z"),
        ("this week", "since 2026-10-12T00:00:00Z"),
        ("this month", "since 2026-10-01T00:00:00Z"),
        ("year to date", "since 2026-01-01T00:00:00Z"),
        ("in October", "since 2026-10-01T00:00:00Z before 2026-11-01T00:00:00Z"),
        ("in November", "since 2025-11-01T00:00:00Z before 2025-12-01T00:00:00Z"),
        (
            "between 2026-10-01 and 2026-10-02",
            "since 2026-10-01T00:00:00Z before 2026-10-03T00:00:00Z",
        ),
        *((each, CANNOT) for each in ("last week", "last month", "before Monday", "in May 2025")),
        *((each, CANNOT) for each in ("last night", "between 2026-10-02 and 2026-10-01")),
    ],
)
def test_stretches_of_time(when: str, stretch: str) -> None:
    figure = 'p95 of call.latency service = "crm"'
    assert SHEET.said(f"p95 latency of crm {when}") in (f"{figure} {stretch}", stretch)


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("which service has the worst error rate", "which service has the highest rate of"),
        ("which service has the best error rate", "which service has the lowest rate of"),
        ("which scenario has the worst completion rate", "which scenario has the lowest rate of"),
        ("which region has the best rate of good sessions", "which region has the highest rate of"),
        ("which model has the worst mean output tokens per turn", CANNOT),
        ("what is the worst latency of crm", CANNOT),
    ],
)
def test_what_is_worst_depends_on_the_metric(question: str, reading: str) -> None:
    assert SHEET.said(question).startswith(reading)
