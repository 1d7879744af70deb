from typing import Any

import pytest

import evalkit
from evalkit.agents import Reply
from evalkit.agents.answers import AnswerTeller
from evalkit.journal.records import Answer


def test_users_get_turn_and_reply_from_the_package() -> None:
    assert evalkit.Reply is Reply
    assert evalkit.Turn.__name__ == "Turn"


def test_a_reply_takes_the_name_of_an_answer() -> None:
    reply = Reply("hello", "escalated", 0.5, {"ticket": 3})
    assert reply.answer is Answer.ESCALATED
    assert reply.confidence == 0.5
    assert reply.context == {"ticket": 3}


def test_a_reply_needs_a_text_only() -> None:
    assert Reply("x") == Reply("x", answer=None, confidence=None, context={})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text": None}, "the text of a reply is a str, not None"),
        ({"text": b"x"}, "the text of a reply is a str, not a bytes"),
        ({"text": "x", "answer": "escalate"}, "'escalate' is no answer; allowed: .*did you mean"),
        ({"text": "x", "answer": 3}, "3 is no answer; allowed: answered"),
        ({"text": "x", "confidence": "high"}, "the confidence of a reply is a number, not a str"),
        ({"text": "x", "confidence": True}, "the confidence of a reply is a number, not a bool"),
        ({"text": "x", "confidence": float("nan")}, "is a finite number"),
        ({"text": "x", "context": ["a"]}, "the context of a reply is a mapping, not a list"),
    ],
)
def test_a_reply_of_other_things_is_refused(given: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        Reply(**given)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply("All done."), Answer.ANSWERED),
        (Reply("Please HOLD the line."), Answer.HOLD),
        (Reply("hold on, passing you on to a human"), Answer.ESCALATED),
        (Reply("Please hold.", "refused"), Answer.REFUSED),
        (Reply(""), None),
        (Reply(" \n"), None),
    ],
)
def test_the_answer_is_told_by_the_first_pattern_that_is_found(
    reply: Reply, answer: Answer | None
) -> None:
    teller = AnswerTeller({"a human": Answer.ESCALATED, "(?i)hold": Answer.HOLD})
    told = teller.told(reply)
    assert told.answer is answer
    assert told.text == reply.text
