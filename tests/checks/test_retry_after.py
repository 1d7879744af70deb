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


@pytest.mark.parametrize(("status", "early"), [(202, 0), (304, 1), (429, 1), (503, 1)])
def test_a_success_says_when_to_ask_for_what_it_began_and_not_when_to_ask_again(status, early):
    told = {"retry_after": 30 * SECOND}
    story = Story().turn().call(status=status, failed=True, ended=told)
    assert len(found(CHECK, story.call(logical=1).reply().end())) == early


def polled(method, after, *, told=30 * SECOND, between=()):
    asked = {"method": method, "status": 202, "ended": {"retry_after": told}}
    story = Story().turn().call(**asked).wait(after)
    for other in between:
        story.call("notes", operation=other, identity=other)
    return story.call(**asked).reply().end()


def test_who_asks_whether_it_is_done_waits_as_long_as_it_is_told():
    (finding,) = found(CHECK, polled("GET", SECOND))
    assert "said to come again after 30s (call #1)" in finding.message
    assert found(CHECK, polled("GET", 30 * SECOND)) == []
    assert found(CHECK, polled("GET", SECOND, told=None)) == []
    assert found(CHECK, polled("POST", SECOND)) == []
    assert found(CHECK, polled("GET", SECOND, between=["GET /notes"])) == []


def test_the_wait_is_counted_from_the_end_of_the_refusal():
    def again(after):
        told = {"retry_after": 2 * SECOND}
        story = Story().turn().call(status=503, takes=5 * SECOND, ended=told).wait(after)
        return found(CHECK, story.call(logical=1).reply().end())

    assert again(2 * SECOND) == []
    assert len(again(0)) == 1


def test_each_of_several_things_waits_for_itself():
    story = Story().turn("of L-11 and L-12")
    story.call(status=429, ended={"retry_after": 9 * SECOND}, body={"request_id": "L-11"})
    story.call(logical=1, body={"request_id": "L-12"})
    assert found(CHECK, story.reply().end()) == []
