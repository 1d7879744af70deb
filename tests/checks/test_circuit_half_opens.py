import pytest

from evalkit.checks import Facts
from evalkit.checks.circuit_half_opens import CircuitHalfOpens
from evalkit.checks.circuit_opens import CircuitOpens
from evalkit.journal.records import Answer
from tests.checks.stories import SECOND, Story, configured

CHECK = configured(CircuitHalfOpens, at="crm", failures=2, pause="30s", turns=2)


def opened():
    story = Story()
    for number in range(2):
        story.turn().call(status=503, identity=str(number)).reply(answer=Answer.DEGRADED)
    story.now += 30 * SECOND
    return story


def found(story):
    return list(CHECK.of_world(story.end().world, Facts()))


def test_a_trial_that_fails_must_be_followed_by_a_pause():
    story = opened().turn().call(status=503, identity="a").call(identity="b").reply()
    (finding,) = found(story)
    assert "a trial had failed, and 1 more were made within 30s (call #4)" in finding.message
    assert finding.calls == (4,)


def test_everybody_goes_at_once():
    story = opened().turn().call(identity="a", takes=None).call(identity="b").reply()
    (finding,) = found(story)
    assert "1 went beside the trial" in finding.message


def test_nobody_ever_tries_again():
    story = opened()
    for _ in range(2):
        story.turn().reply(answer=Answer.DEGRADED)
    (finding,) = found(story)
    assert finding.seen == "no call since"
    assert finding.turn == 4


@pytest.mark.parametrize(
    "story",
    [
        opened().turn().call(identity="a").call(identity="b").reply(),
        opened().turn().call(status=503, identity="a").reply(answer=Answer.DEGRADED),
        opened().turn().reply(answer=Answer.DEGRADED),
    ],
    ids=["a trial, then all", "a trial that failed", "one turn that did not need it"],
)
def test_a_breaker_that_half_opens(story):
    assert found(story) == []


def test_a_circuit_that_never_opened_is_not_accused_of_how_it_half_opens():
    story = Story()
    for number in range(20):
        story.turn().call(status=503, identity=str(number), takes=5 * SECOND)
        story.reply(answer=Answer.DEGRADED)
    assert found(story) == []
    opens = configured(CircuitOpens, at="crm", failures=2, pause="30s")
    assert list(opens.of_world(story.world, Facts()))
