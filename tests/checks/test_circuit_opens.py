import pytest

from evalkit.checks import Facts
from evalkit.checks.circuit_opens import CircuitOpens
from evalkit.journal.records import Answer
from evalkit.journal.views import JournalView
from tests.checks.stories import SECOND, Story, configured

CHECK = configured(CircuitOpens, at="crm", failures=3, pause="30s")


def failing(story, times, **more):
    for number in range(times):
        story.turn().call(status=503, identity=str(number), **more).reply(answer=Answer.DEGRADED)
    return story


def found(*stories):
    records = [record for story in stories for record in story.records]
    return list(CHECK.of_world(JournalView.of(records), Facts()))


def test_a_service_that_is_asked_on_and_on():
    (finding,) = found(failing(Story(), 5).end())
    assert finding.message == (
        "3 calls of crm in a row had failed, and 2 more were made within 30s (calls #4 and #5)"
    )
    assert (finding.session, finding.turn, finding.calls) == ("s1", 4, (4, 5))


def test_failures_of_several_sessions_add_up():
    first, second = failing(Story("a"), 2).end(), failing(Story("b", now=9 * SECOND), 2).end()
    (finding,) = found(first, second)
    assert (finding.session, finding.calls) == ("b", (2,))


def broken_off():
    story = failing(Story(), 2).turn().call(identity="ok").reply()
    return failing(story, 2)


def paused():
    story = failing(Story(), 3)
    story.now += 30 * SECOND
    return story.turn().call(identity="ok").reply()


@pytest.mark.parametrize(
    "story",
    [
        failing(Story(), 3),
        broken_off(),
        paused(),
        failing(Story(), 5, service="erp"),
        Story().turn().call(status=404).call(status=404).call(status=404).call().reply(),
    ],
    ids=["no more", "a success between", "after the pause", "another service", "refusals"],
)
def test_where_it_is_left_alone(story):
    assert found(story.end()) == []


def test_retries_of_what_was_under_way_are_no_new_requests():
    story = Story().turn()
    for number in range(3):
        story.call(status=503, identity=str(number))
    for first in range(1, 4):
        story.call(status=503, identity=str(first - 1), logical=first)
    assert found(story.reply(answer=Answer.DEGRADED).end()) == []
