import json

import pytest

from evalkit.checks.complete_stream import CompleteStream
from evalkit.journal.records import Answer, Outcome
from tests.checks.stories import Story, found

CHECK = CompleteStream()
WHOLE = "Your parcel is on its way and comes on Friday."
HALF = WHOLE[:24]
ASKED = {"model": "m", "messages": [{"role": "user", "content": "where?"}]}


def stream(*texts, finish=None):
    chunks = [{"choices": [{"delta": {"content": each}}]} for each in texts]
    if finish:
        chunks.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)


def spoken(story=None, text=HALF, finish=None, **more):
    story = story or Story().turn()
    return story.call("llm", operation="chat", body=ASKED, says=stream(text, finish=finish), **more)


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (spoken(outcome=Outcome.CUT, fault="cut"), "broke off (cut after 12 bytes)"),
        (spoken(outcome=Outcome.RESET, fault="reset"), "broke off (connection reset)"),
        (spoken(finish="length", fault="cut_short"), "reached its limit (finish reason length)"),
        (spoken(fault="unfinished"), "broke off (unfinished)"),
    ],
)
def test_half_a_reply_passed_on_as_whole(story, why):
    (finding,) = found(CHECK, story.reply(HALF).end())
    assert why in finding.message
    assert finding.calls == (1,)


@pytest.mark.parametrize(
    "story",
    [
        spoken(text=WHOLE, finish="stop").reply(WHOLE),
        spoken(outcome=Outcome.CUT).reply(HALF, Answer.PARTIAL),
        spoken(outcome=Outcome.CUT).reply("Please ask again later."),
        spoken(spoken(outcome=Outcome.CUT), text=WHOLE, finish="stop", logical=1).reply(WHOLE),
        spoken(finish="length", text="Yes").reply("Yes, it is."),
        spoken(text=WHOLE).reply(WHOLE),
    ],
    ids=["whole", "said so", "not passed on", "asked again", "one word", "says no finish ever"],
)
def test_what_is_whole_or_said_not_to_be(story):
    assert found(CHECK, story.end()) == []


@pytest.mark.parametrize(
    ("begun", "finish", "accused"),
    [(HALF, "stop", 0), (HALF, "length", 1), ("Your parcel", "stop", 1)],
)
def test_what_a_model_was_asked_to_go_on_with_is_whole(begun, finish, accused):
    told = [*ASKED["messages"], {"role": "assistant", "content": begun}]
    asked = {**ASKED, "messages": [*told, {"role": "user", "content": "Go on."}]}
    story = spoken(finish="length")
    rest = stream(WHOLE[24:], finish=finish)
    story.call("llm", operation="chat", identity="bb", body=asked, says=rest)
    findings = found(CHECK, story.reply(WHOLE).end())
    assert len([each for each in findings if each.calls == (1,)]) == accused
