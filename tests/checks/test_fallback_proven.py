import pytest

from evalkit.checks.fallback_proven import FallbackProven
from evalkit.journal.records import Answer, Outcome, Severity
from tests.checks.stories import Story, configured, found

CHECK = configured(FallbackProven, of="crm GET /*", by="cache")


def down(**more):
    return Story().turn().call(status=503, fault="status", **more)


def test_a_fallback_that_was_not_asked():
    (finding,) = found(CHECK, down().reply(answer=Answer.DEGRADED).end())
    assert finding.message == (
        "turn 1: crm GET /x failed (call #1: status 503), and cache was not asked"
    )
    assert finding.calls == (1,)


def test_a_fallback_that_failed_too():
    story = down().call("cache", status=500, fault="status").reply(answer=Answer.HOLD).end()
    (finding,) = found(CHECK, story)
    assert finding.seen == "cache failed too (call #2: status 500)"
    assert finding.severity is Severity.VIOLATION


def test_a_fallback_that_failed_by_itself_is_no_mistake_of_the_agent():
    (finding,) = found(CHECK, down().call("cache", status=500).reply(answer=Answer.HOLD).end())
    assert finding.severity is Severity.ADVICE


def test_a_refused_connection_counts_whatever_was_to_be_asked():
    story = Story().turn()
    story.call(operation="connect", outcome=Outcome.REFUSED, status=None, fault="refused")
    assert len(found(CHECK, story.reply().end())) == 1


@pytest.mark.parametrize(
    "story",
    [
        down().call("cache"),
        down().call(logical=1),
        Story().turn().call(status=404).reply(),
        Story().turn().call("erp", status=503, fault="status"),
        Story().turn().call(operation="POST /x", status=503, fault="status"),
    ],
    ids=["asked", "a retry got there", "refused, not failed", "another service", "operation"],
)
def test_where_a_fallback_is_used_or_not_needed(story):
    assert found(CHECK, story.reply().end()) == []


def test_asking_it_before_the_failure_is_no_fallback():
    story = Story().turn().call("cache").call(status=503, fault="status").reply().end()
    assert len(found(CHECK, story)) == 1
