import pytest

from evalkit.checks.core_unaffected import CoreUnaffected
from evalkit.suite.model import ServiceUse
from tests.checks.stories import SECOND, Story, configured, found_in_world

CHECK = configured(CoreUnaffected, service="payments GET *", within="1s", share="90%")


def session(name, *seconds, **fields):
    story = Story(session=name)
    story.turn() if name else None
    for each in seconds:
        story.call("payments", takes=each * SECOND, **fields)
    return story


def test_too_many_calls_that_are_slow():
    slow = session("s2", 1, 3, 2)
    (finding,) = found_in_world(CHECK, session("s1", 1, 1), slow)
    assert finding.message == (
        "2 of 5 calls of payments GET * were not within 1s while the agent was at work; "
        "the worst took 3s (call #2 of session s2)"
    )
    assert (finding.session, finding.seen) == ("s2", "0.6")


def test_few_that_are_slow_are_within_the_share():
    assert found_in_world(CHECK, session("s1", *[1] * 9, 5)) == []


def test_one_that_failed_was_not_within_anything():
    (finding,) = found_in_world(CHECK, session("s1", 0, status=500))
    assert "the worst did not succeed" in finding.message


def test_calls_of_nobody_count_too():
    (finding,) = found_in_world(CHECK, session(None, 2))
    assert finding.session is None


@pytest.mark.parametrize(
    "story",
    [session("s1"), session("s1", 9, operation="POST /x"), Story().turn().call("crm", takes=9**10)],
)
def test_without_a_call_of_it_there_is_nothing_to_say(story):
    assert found_in_world(CHECK, story) == []


def test_the_budget_of_the_service_counts_where_nothing_else_is_said():
    check = configured(CoreUnaffected, service="payments")
    services = {"payments": ServiceUse(use="x.yaml", budget="1s")}
    assert len(found_in_world(check, session("s1", 2), services=services)) == 1
    assert found_in_world(check, session("s1", 2)) == []


def waited(seconds, before=()):
    story = Story().turn().wait(seconds * SECOND)
    for each in before:
        story.call(each, takes=0)
    return story.call("payments", takes=SECOND).reply()


SINCE = configured(CoreUnaffected, service="payments GET *", within="1s", since="turn")


def test_a_wait_within_the_agent_counts_from_the_start_of_the_turn():
    (finding,) = found_in_world(SINCE, waited(2))
    assert "the worst took 3s (call #1 of session s1), 2s of it before the agent made it" in (
        finding.message
    )
    assert found_in_world(CHECK, waited(2)) == []


def test_a_wait_for_other_services_is_none_of_its():
    assert found_in_world(SINCE, waited(2, before=["crm"])) == []
    assert found_in_world(SINCE, waited(0)) == []
    assert found_in_world(SINCE, session(None, 1)) == []
