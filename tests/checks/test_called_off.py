"""Calls that were ended on purpose are no failures of their services."""

from __future__ import annotations

import pytest

from evalkit.checks.called_off import called_off
from evalkit.checks.policy_followed import PolicyFollowed
from evalkit.journal.records import Outcome
from tests.checks.stories import SECOND, Story, found

STEP = SECOND // 1000


def two_asked(*, later: int = 0, fails: bool = False) -> Story:
    """Two calls, of which the first is given up so long after the other had ended."""
    story = Story().turn().call(takes=None)
    story.call("erp", identity="bb", status=503 if fails else 200)
    return story.wait(later).given_up(1).reply("Here it is.").end()


def read_until(last: int) -> Story:
    """A stream that is given up after a second; `last` is when its last piece came."""
    ended = {"last_token": last}
    return Story().turn().call(outcome=Outcome.ABANDONED, ended=ended).reply("Half of it.").end()


def together(fault: str | None) -> Story:
    """Two calls that are given up in one moment; the fault is the second's."""
    story = Story().turn().call(takes=None).call("erp", takes=None, fault=fault).wait(SECOND)
    return story.given_up(1).given_up(2).reply().end()


ON_PURPOSE = {
    "the other was faster": two_asked(),
    "a moment later": two_asked(later=STEP),
    "the other failed, and both were needed": two_asked(fails=True),
    "enough was read": read_until(SECOND),
    "both were needed, and the other never came": together(fault="stall"),
}
FOR_LACK_OF_TIME = {
    "a while after another had ended": two_asked(later=2 * STEP),
    "nothing came for a while": read_until(SECOND // 2),
    "with another that was given up": together(fault=None),
    "when the turn was over": Story()
    .turn()
    .call(takes=None)
    .wait(SECOND)
    .given_up(1)
    .reply()
    .end(),
}


@pytest.mark.parametrize("story", ON_PURPOSE.values(), ids=ON_PURPOSE)
def test_what_was_ended_on_purpose_is_no_failure(story: Story) -> None:
    assert called_off(story.view.turns[0].calls) == {1}
    assert found(PolicyFollowed(), story, crm={"on_failure": "degraded"}) == []


@pytest.mark.parametrize("story", FOR_LACK_OF_TIME.values(), ids=FOR_LACK_OF_TIME)
def test_what_took_too_long_is_one(story: Story) -> None:
    assert called_off(story.view.turns[0].calls) == frozenset()
    turn = story.view.turns[0]
    (finding,) = found(PolicyFollowed(), story, crm={"on_timeout": "hold"})
    assert (finding.turn, finding.calls) == (turn.turn, (1,))


def test_a_call_that_outlived_its_session_failed_nobody() -> None:
    story = Story().turn().call(takes=None).wait(SECOND).reply()
    ended_by_the_session = story.wait(SECOND).end().given_up(1)
    assert found(PolicyFollowed(), ended_by_the_session, crm={"on_failure": "degraded"}) == []
    stalled = Story().turn().call(takes=None, fault="stall").wait(SECOND).reply().wait(SECOND)
    assert len(found(PolicyFollowed(), stalled.end().given_up(1), crm={"on_failure": "hold"})) == 1
