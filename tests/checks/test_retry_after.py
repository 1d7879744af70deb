import pytest

from evalkit.checks.retry_after import HonoursRetryAfter
from tests.checks.stories import SECOND, Story, configured, found

CHECK = HonoursRetryAfter()


def asked_again(after, told=2 * SECOND):
    story = Story().turn().call(status=429, ended={"retry_after": told})
    return story.wait(after).call(logical=1).reply().end()


def test_a_retry_before_its_time():
    (finding,) = found(CHECK, asked_again(SECOND))
    assert finding.message == (
        "crm GET /x said to come again after 2s (call #1), and was asked again after 1s (call #2)"
    )
    assert (finding.calls, finding.seen) == ((1, 2), "1s")


@pytest.mark.parametrize(
    "story",
    [
        asked_again(2 * SECOND),
        asked_again(3 * SECOND),
        asked_again(2 * SECOND - SECOND // 50),
        asked_again(0, told=None),
        asked_again(0, told=0),
        Story().turn().call(status=429, ended={"retry_after": 3600 * SECOND}).reply().end(),
    ],
)
def test_whoever_waits_or_gives_up_is_right(story):
    assert found(CHECK, story) == []


def test_the_slack_can_be_set():
    assert found(configured(HonoursRetryAfter, slack="1s"), asked_again(SECOND)) == []
    exact = configured(HonoursRetryAfter, slack="0ms", share="0%")
    assert len(found(exact, asked_again(2 * SECOND - 1))) == 1
