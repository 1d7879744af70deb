import pytest

from evalkit.checks.survives_restart import SurvivesRestart
from evalkit.faults import AGENT
from evalkit.journal.records import FaultMoved, Outcome, Stage
from tests.checks.stories import SECOND, Story, found

CHECK = SurvivesRestart()


def died(story, *stages):
    for stage in stages or (Stage.FIRED, Stage.DELIVERED):
        story._write(FaultMoved, stage=stage, rule=0, fault="restart", service=AGENT)
    story.now += 2 * SECOND
    return story


def test_a_turn_that_did_not_come_back():
    (finding,) = found(CHECK, died(Story().turn()).reply(None, None, error="lost").end())
    assert finding.message == "the agent was restarted, and turn 1 was then: an error: lost"


def committed(story, **more):
    return story.call("pay", effect=("charge",), **more)


def test_what_was_done_before_it_is_done_again():
    story = committed(died(committed(Story().turn()))).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.calls == (1, 2)
    assert finding.message == (
        "pay charge was committed before a restart and once more after it (calls #1 and #2)"
    )


def test_what_it_was_told_by_the_call_that_broke_off():
    story = Story().turn().call("pay", outcome=Outcome.ABANDONED, fault="stall", takes=0)
    story._write(FaultMoved, stage=Stage.DELIVERED, rule=0, fault="restart", service=AGENT, call=1)
    (finding,) = found(CHECK, story.reply(None, None, error="lost").end())
    assert finding.calls == (1,)


@pytest.mark.parametrize(("method", "accused"), [("PUT", 0), ("POST", 1)])
def test_what_may_be_asked_for_twice_may_be_after_a_restart(method, accused):
    story = committed(died(committed(Story().turn(), method=method)), method=method)
    assert len(found(CHECK, story.reply().end())) == accused


@pytest.mark.parametrize(
    "story",
    [
        died(Story().turn()).reply(),
        died(Story().turn(), Stage.FIRED).reply(None, None, error="lost"),
        Story().turn().reply(None, None, error="boom"),
        died(Story().turn().call(status=503, fault="status")).reply(None, None, error="down"),
        committed(died(committed(Story().turn())), identity="bb").reply(),
        committed(committed(died(Story().turn()))).reply(),
        committed(died(committed(Story().turn()).reply()).turn()).reply(),
    ],
    ids=[
        "a reply",
        "another session's restart",
        "no restart",
        "a service was down too",
        "another request",
        "twice after it",
        "asked for again in another turn",
    ],
)
def test_a_session_that_goes_on(story):
    assert found(CHECK, story.end()) == []
