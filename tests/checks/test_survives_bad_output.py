import pytest

from evalkit.checks.survives_bad_output import SurvivesBadOutput
from evalkit.journal.records import Answer
from tests.checks.stories import Story, found, found_with

CHECK = SurvivesBadOutput()
ASKED = {"model": "m", "messages": []}


def bad(fault="bad_arguments", **more):
    return Story().turn().call("llm", **{"body": ASKED, "fault": fault, **more})


@pytest.mark.parametrize(
    ("story", "seen"),
    [
        (bad().reply(None, None, error="KeyError: 'id'"), "an error: KeyError: 'id'"),
        (bad("unknown_tool").reply(None, None, timed_out=True), "timed out"),
        (bad("garbage"), "never ended"),
        (bad("wrong_schema").reply(""), "answered"),
        (
            bad("bad_output", operation="tools/call find", body={}).reply(None, None, error="x"),
            "an error: x",
        ),
    ],
)
def test_a_turn_that_broke_on_it(story, seen):
    (finding,) = found(CHECK, story.end())
    assert finding.seen == seen
    assert (finding.calls, finding.turn) == ((1,), 1)


@pytest.mark.parametrize(
    "story",
    [
        bad().reply(),
        bad().reply("", Answer.ESCALATED),
        bad(fault="status", status=503).reply(None, None, error="boom"),
        bad(body={"id": 1}).reply(None, None, error="boom"),
        Story().turn().call("llm", body=ASKED).reply(None, None, error="boom"),
        bad().reply().turn().reply(None, None, error="boom"),
    ],
    ids=["a reply", "handed on", "a failure", "no model", "nothing bad", "another turn"],
)
def test_a_turn_that_did_not(story):
    assert found(CHECK, story.end()) == []


def test_a_service_is_a_model_where_the_suite_says_so():
    story = bad(body=None).reply(None, None, error="boom").end()
    assert len(found_with(CHECK, story, models=frozenset({"llm"}))) == 1
