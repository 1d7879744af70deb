import pytest

from evalkit.checks.remembers import Remembers
from evalkit.journal.records import Answer
from evalkit.suite.sessions import SessionRecord
from tests.checks.stories import Story, configured, found_with

FACT = {"fact": "{{ session.vars.order }}"}
RECORD = {"s1": SessionRecord(id="s1", vars={"order": "A-17"}, turns=[{"input": "x"}])}


def conversation(last, *, told="It is order a-17.", text="Done.", answer=Answer.ANSWERED):
    story = Story().turn(told).reply().turn("and now?").reply().turn("when?")
    for each in last:
        story.call(**each)
    return story.reply(text, answer)


def judged(story, **settings):
    check = configured(Remembers, **{**FACT, **settings})
    return found_with(check, story.end(), sessions=RECORD)


def test_what_was_forgotten():
    (finding,) = judged(conversation([{"body": {"order": "A-1"}}]))
    assert finding.message == (
        "the user said A-17 in turn 1, and in turn 3 it stands in no request and not in the reply"
    )
    assert (finding.turn, finding.expected) == (3, "A-17")


def test_it_must_stand_where_it_is_looked_for():
    story = conversation([{"service": "llm", "body": {"text": "when?"}}], text="A-17 comes Friday")
    (finding,) = judged(story, at="llm")
    assert finding.calls == (1,)
    assert judged(story) == []


@pytest.mark.parametrize(
    ("story", "settings"),
    [
        (conversation([{"body": {"history": "order a-17\nand now?"}}]), {}),
        (conversation([{"path": "/orders/A-17"}]), {}),
        (conversation([], text="A-17 comes on Friday."), {}),
        (conversation([], told="hello"), {}),
        (conversation([{"status": 503, "fault": "status"}], answer=Answer.DEGRADED), {}),
        (conversation([], text=None, answer=None), {}),
        (conversation([{"body": {}}]), {"at": "llm"}),
        (conversation([]), {"turn": 1}),
        (conversation([]), {"turn": 9}),
    ],
    ids=[
        "in a body",
        "in a path",
        "in the reply",
        "never said",
        "a service failed",
        "no reply",
        "never needed there",
        "not before it was said",
        "no such turn",
    ],
)
def test_what_was_remembered_or_cannot_be_told(story, settings):
    assert judged(story, **settings) == []
