import pytest

from evalkit.checks.retry_storm import NoRetryStorm
from evalkit.journal.records import Severity
from tests.checks.stories import Story, configured, found

CHECK = NoRetryStorm()


def attempts(*counters, status=503, last=503):
    story = Story().turn()
    for number, counter in enumerate(counters):
        code = last if number == len(counters) - 1 else status
        story.call(status=code, logical=1 if number else None, sdk_retry=counter)
    return story.reply().end()


def test_layers_that_multiply_beyond_the_limit():
    (finding,) = found(CHECK, attempts(0, 1, 2, 0, 1, 2, 0, 1, 2))
    assert "came to 9 requests" in finding.message
    assert finding.message.endswith("3 rounds of 3 requests multiply")
    assert finding.severity is Severity.VIOLATION
    assert len(finding.calls) == 9


def test_layers_that_multiply_within_the_limit_are_an_advice():
    (finding,) = found(CHECK, attempts(0, 1, 0, 1, 2, last=200))
    assert finding.severity is Severity.ADVICE
    assert "2 rounds of 2 to 3 requests multiply" in finding.message


def test_one_layer_beyond_the_limit():
    (finding,) = found(CHECK, attempts(*[None] * 9))
    assert "multiply" not in finding.message
    assert "circuit breaker" in finding.hint


def test_the_limit_can_be_set():
    strict = configured(NoRetryStorm, requests=3)
    assert len(found(strict, attempts(None, None, None, None))) == 1
    assert found(strict, attempts(None, None, None)) == []


@pytest.mark.parametrize(
    "story",
    [
        attempts(0, 1, 2),
        attempts(None, None, None),
        attempts(*[None] * 8),
        attempts(*[None] * 12, status=404, last=200),
    ],
)
def test_few_attempts_of_one_layer_and_what_is_not_there_yet_are_no_storm(story):
    assert found(CHECK, story) == []
