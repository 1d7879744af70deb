import pytest

from evalkit.agents.base import AgentFailed
from evalkit.agents.calling import Response
from evalkit.agents.reading import ReplyReader
from evalkit.checks.structured_errors import StructuredErrors
from evalkit.journal.records import Answer
from evalkit.suite.model import ReplyMapping
from tests.checks.stories import Story, configured, found

ASKED = {"model": "m", "messages": [{"role": "user", "content": "A page, please."}]}


def said(text):
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


WITH_CODE = configured(StructuredErrors, fields=["$.error.code"])


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n  File "a.py", line 3, in f',
        "Sorry: httpx.ConnectTimeout",
        "It failed with openai.RateLimitError: 429",
        "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        "Error\n    at handle (/app/index.js:12:7)",
    ],
)
def test_a_raw_error_in_a_reply(text):
    (finding,) = found(StructuredErrors(), Story().turn().reply(text, Answer.DEGRADED).end())
    assert "holds a raw error" in finding.message
    assert finding.turn == 1


PAGE = "<html><body>Hello</body></html>"


@pytest.mark.parametrize(
    ("story", "accused"),
    [
        (Story().turn(f"What is wrong with {PAGE}?"), 0),
        (Story().turn().call("llm", body=ASKED, says=said(f"Here: {PAGE}")), 0),
        (Story().turn().call("llm", body=ASKED, says=said("Here it is.")), 1),
        (Story().turn().call(says=PAGE.encode()), 1),
    ],
    ids=["the user wrote it", "a model wrote it", "nobody wrote it", "a service gave it"],
)
def test_what_was_asked_for_or_written_is_no_raw_error(story, accused):
    assert len(found(StructuredErrors(), story.reply(f"Here: {PAGE}").end())) == accused


def test_a_raw_error_that_the_caller_got_in_place_of_a_reply():
    raw = 'Traceback (most recent call last):\n  File "a.py", line 3, in f'
    told = Response(status=500, body=raw.encode())
    with pytest.raises(AgentFailed) as raised:
        ReplyReader(ReplyMapping(text="$.text")).read(told)
    story = Story().turn().call(status=503).reply(None, None, error=str(raised.value)).end()
    (finding,) = found(StructuredErrors(), story)
    assert finding.calls == (1,)
    raised_by_the_agent = Story().turn().reply(None, None, error="httpx.ConnectTimeout: crm").end()
    assert found(StructuredErrors(), raised_by_the_agent) == []


@pytest.mark.parametrize(
    "text",
    [
        "We could not reach the customer records; please try again later.",
        "An error of type E-17 was traced back to your last order.",
        "Open File menu, line by line.",
        "Your use of httpx is fine, and the html export too.",
    ],
)
def test_words_for_people(text):
    assert found(StructuredErrors(), Story().turn().reply(text).end()) == []


def test_a_failure_without_the_fields_that_tell_of_it():
    story = Story().turn().reply("Later.", Answer.HOLD, context={"error": {}}).end()
    (finding,) = found(WITH_CODE, story)
    assert finding.message == "the reply of turn 1 was hold, and its context lacks $.error.code"


def test_a_turn_that_raises_has_no_fields():
    assert len(found(WITH_CODE, Story().turn().reply(None, None, error="boom").end())) == 1
    assert found(StructuredErrors(), Story().turn().reply(None, None, error="boom").end()) == []


@pytest.mark.parametrize(
    "story",
    [
        Story().turn().reply("Later.", Answer.HOLD, context={"error": {"code": "E1"}}),
        Story().turn().reply(),
        Story().turn().reply("A colleague will call.", Answer.ESCALATED),
    ],
    ids=["with its code", "answered", "escalated"],
)
def test_what_needs_no_fields_or_has_them(story):
    assert found(WITH_CODE, story.end()) == []
