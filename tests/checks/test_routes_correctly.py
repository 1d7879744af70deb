import pytest
from pydantic import ValidationError

from evalkit.checks.routes_correctly import RoutesCorrectly
from evalkit.journal.records import Answer
from evalkit.suite.sessions import SessionRecord
from tests.checks.stories import Story, configured, found_with

GOLD = "session.vars.tier == 'gold'"
RECORD = {"s1": SessionRecord(id="s1", vars={"tier": "gold"}, turns=[{"input": "hello"}])}


def routed(story, **settings):
    return found_with(configured(RoutesCorrectly, **settings), story.end(), sessions=RECORD)


def test_a_session_that_never_came_where_it_should():
    story = Story().turn().call("queue", operation="POST /junior").reply()
    (finding,) = routed(story, when=GOLD, calls="queue POST /senior")
    assert finding.message == (
        f"the session is one where {GOLD}, and queue POST /senior was never called"
    )
    assert (finding.session, finding.turn, finding.calls) == ("s1", None, ())


def test_a_session_that_went_where_it_should_not():
    story = Story().turn().call("queue", operation="POST /junior").reply()
    (finding,) = routed(story, when=GOLD, never=["queue POST /junior"])
    assert finding.calls == (1,)
    assert finding.expected == "no call of queue POST /junior"


def test_a_turn_with_another_answer():
    story = Story().turn("refund!").reply().turn("thanks").reply()
    settings = {"when": "'refund' in turn.input", "answer": "escalated"}
    (finding,) = routed(story, **settings)
    assert (finding.turn, finding.expected) == (1, "escalated")
    assert "turn 1 was answered" in finding.message


@pytest.mark.parametrize(
    ("story", "settings"),
    [
        (Story().turn().call("queue", operation="POST /senior").reply(), {}),
        (Story().turn().reply(), {"when": "session.vars.tier == 'basic'"}),
        (Story().turn().call(status=503, fault="status").reply(answer=Answer.DEGRADED), {}),
        (Story().turn().reply(None, None, error="boom"), {}),
    ],
    ids=["the way it should go", "another tier", "a service failed for good", "no reply came"],
)
def test_on_its_way(story, settings):
    assert routed(story, **{"when": GOLD, "calls": "queue POST /senior", **settings}) == []


def test_another_way_where_what_was_asked_first_failed_and_another_stood_in():
    def went(**first: object) -> Story:
        story = (
            Story().turn().call("crm", operation="GET /customers/7", path="/customers/7", **first)
        )
        return story.call("copy", operation="GET /customers/7", path="/customers/7").reply()

    assert routed(went(status=503, fault="status"), when=GOLD, never="copy GET /customers/*") == []
    assert len(routed(went(), when=GOLD, never="copy GET /customers/*")) == 1


def test_only_turns_that_are_meant_are_judged():
    story = Story().turn("refund").call("pay").reply().turn("hello").reply()
    assert routed(story, when="'refund' in turn.input", calls="pay") == []
    assert len(routed(story, when="turn.number == 2", calls="pay")) == 1


@pytest.mark.parametrize("settings", [{"when": GOLD}, {"when": "a ==", "calls": "crm"}])
def test_settings_that_say_nothing_are_refused(settings):
    with pytest.raises(ValidationError):
        configured(RoutesCorrectly, **settings)
