import pytest

from evalkit.checks.backs_off import BacksOff
from evalkit.journal.records import Outcome, Severity
from tests.checks.stories import SECOND, Story, configured, found

CHECK = BacksOff()
MS = SECOND // 1000


def after(*waits, **failure):
    """A call, and a retry after each of these waits, in milliseconds."""
    story = Story().turn().call(**{"status": 503, **failure})
    for wait in waits:
        story.wait(wait * MS).call(**{"status": 503, **failure}, logical=1)
    return story.reply().end()


def test_retries_at_once():
    (finding,) = found(CHECK, after(0, 10))
    assert finding.message == (
        "crm GET /x failed and was tried again at once: calls #2 and #3 after 0ms and 10ms"
    )
    assert finding.severity is Severity.VIOLATION
    assert finding.calls == (1, 2, 3)


def test_waits_that_stay_the_same_are_an_advice_unless_they_must_grow():
    (finding,) = found(CHECK, after(200, 200, 201))
    assert (finding.severity, finding.seen) == (Severity.ADVICE, "3 waits of 200ms")
    (finding,) = found(configured(BacksOff, grows=True), after(200, 200, 201))
    assert finding.severity is Severity.VIOLATION


@pytest.mark.parametrize("waits", [(), (0,), (200, 200), (500, 900, 2100), (0, 400, 900)])
def test_waits_that_grow_and_one_retry_at_once_are_fine(waits):
    assert found(CHECK, after(*waits)) == []


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 404},
        {"outcome": Outcome.ABANDONED, "status": None},
        {"status": 429, "ended": {"retry_after": 0}},
    ],
)
def test_what_is_no_failing_service_or_says_when_to_come_is_left_alone(failure):
    assert found(CHECK, after(0, 0, 0, **failure)) == []


def test_what_counts_as_a_wait_can_be_set():
    assert found(configured(BacksOff, least="5ms"), after(10, 20)) == []
    assert len(found(configured(BacksOff, least="1s"), after(200, 400))) == 1
