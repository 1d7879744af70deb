import pytest

from evalkit.checks.retries_bounded import RetriesBounded
from tests.checks.stories import Story, found

CHECK = RetriesBounded()


def attempts(count, *, counters=()):
    story = Story().turn()
    for number in range(count):
        counter = counters[number] if counters else None
        story.call(status=503, logical=1 if number else None, sdk_retry=counter)
    return story.reply().end()


def test_too_many_attempts_are_named():
    (finding,) = found(CHECK, attempts(4), crm={"attempts": 3})
    calls = "calls #1, #2, #3 and #4"
    assert finding.message == f"crm GET /x was attempted 4 times ({calls}), 3 allowed"
    assert (finding.calls, finding.turn) == ((1, 2, 3, 4), 1)
    assert (finding.expected, finding.seen) == ("at most 3 attempts", "4 attempts")


@pytest.mark.parametrize(
    ("counters", "told"),
    [
        ((0, 1, 2, 0, 1, 2), "two retry layers multiply: the SDK's own retries were begun 2 times"),
        ((0, 1, 2, 3, 4, 5), "bound the retries where they are made"),
        ((), "bound the retries where they are made"),
    ],
)
def test_the_hint_tells_layers_that_multiply(counters, told):
    (finding,) = found(CHECK, attempts(6, counters=counters), crm={"attempts": 3})
    assert told in finding.hint


@pytest.mark.parametrize(
    "services", [{"crm": {"attempts": 3}}, {"crm": {}}, {"erp": {"attempts": 1}}, {}]
)
def test_no_more_than_allowed(services):
    assert found(CHECK, attempts(3), **services) == []


def test_the_same_asked_again_after_success_is_no_retry():
    story = Story().turn().call().call().call().reply().end()
    assert found(CHECK, story, crm={"attempts": 1}) == []
