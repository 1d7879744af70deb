import pytest
from pydantic import ValidationError

from evalkit.checks.reply_conforms import ReplyConforms
from evalkit.journal.records import Answer
from tests.checks.stories import Story, configured, found

CASE = {"type": "object", "required": ["case"], "properties": {"case": {"type": "string"}}}
VERSIONS = {"1": CASE, "2": {**CASE, "required": ["case", "owner"]}}


def replied(text="Done.", answer=Answer.ANSWERED, **more):
    return Story().turn().reply(text, answer, **more).end()


@pytest.mark.parametrize(
    ("settings", "story", "wrong"),
    [
        ({"of": "context", "schema": CASE}, replied(), "'case' is a required property"),
        ({"of": "context", "schema": CASE}, replied(context={"case": 7}), "case: 7 is not of type"),
        ({"of": "text", "schema": CASE}, replied("{}"), "'case' is a required property"),
        ({"of": "text", "schema": CASE}, replied("Done."), "its text is no JSON"),
        ({"schema": {"required": ["id"]}}, replied(), "'id' is a required property"),
        ({"of": "context", "versions": VERSIONS}, replied(), "it says no version at $.version"),
        (
            {"of": "context", "versions": VERSIONS},
            replied(context={"version": 3, "case": "a"}),
            "its version is 3, which nobody declared; declared: 1, 2",
        ),
        (
            {"of": "context", "versions": VERSIONS},
            replied(context={"version": 2, "case": "a"}),
            "'owner' is a required property",
        ),
    ],
)
def test_a_reply_of_another_form(settings, story, wrong):
    (finding,) = found(configured(ReplyConforms, **settings), story)
    assert wrong in finding.message
    assert finding.turn == 1


@pytest.mark.parametrize(
    ("settings", "story"),
    [
        ({"of": "context", "schema": CASE}, replied(context={"case": "a"})),
        ({"of": "text", "schema": CASE}, replied('{"case": "a"}')),
        ({"schema": {"required": ["text", "answer"]}}, replied()),
        ({"of": "context", "versions": VERSIONS}, replied(context={"version": 1, "case": "a"})),
        ({"of": "context", "schema": CASE, "answers": "escalated"}, replied()),
        ({"of": "context", "schema": CASE}, replied(None, None, error="boom")),
    ],
    ids=["context", "text", "the whole", "the older version", "another answer", "no reply"],
)
def test_a_reply_that_has_it(settings, story):
    assert found(configured(ReplyConforms, **settings), story) == []


@pytest.mark.parametrize(
    "settings", [{}, {"schema": CASE, "versions": VERSIONS}, {"schema": {"type": "thing"}}]
)
def test_settings_without_a_schema_are_refused(settings):
    with pytest.raises(ValidationError):
        configured(ReplyConforms, **settings)
