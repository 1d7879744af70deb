import pytest

from evalkit.checks.no_stale_approval import NoStaleApproval
from tests.checks.stories import SECOND, Story, configured, found

CHECK = configured(
    NoStaleApproval,
    effect="loan",
    by="desk",
    where={"$.status": "approved"},
    valid="15min",
    covers={"$.amount": "amount"},
)


def decided(story=None, amount=500, **more):
    says = {"status": "approved", "amount": amount}
    return (story or Story().turn()).call("desk", says=says, **more)


def lent(story, amount=500, after=0, **more):
    story.now += after
    return story.call("bank", effect=("loan", "L-1"), data={"amount": amount}, **more)


@pytest.mark.parametrize(
    ("story", "why", "calls"),
    [
        (lent(decided(), after=901 * SECOND), "was 901s old, and holds for 15min", (1, 2)),
        (lent(decided(), amount=900), "was of amount 500, not 900", (1, 2)),
        (lent(lent(decided()), identity="bb"), "had been used for loan by call #2", (1, 3)),
    ],
)
def test_an_effect_on_a_stale_approval(story, why, calls):
    (finding,) = found(CHECK, story.reply().end())
    assert f"on an approval (call #1) that {why}" in finding.message
    assert finding.calls == calls


@pytest.mark.parametrize(
    "story",
    [
        lent(decided()),
        lent(decided(), after=899 * SECOND),
        lent(decided(decided(), amount=900, identity="bb"), amount=900),
        lent(decided(lent(decided()), identity="bb"), identity="bb"),
        lent(Story().turn()),
    ],
    ids=["fresh", "just valid", "approved anew", "one for each", "none at all"],
)
def test_an_effect_on_a_fresh_one(story):
    assert found(CHECK, story.reply().end()) == []


def test_one_approval_may_serve_for_several():
    check = configured(NoStaleApproval, effect="loan", by="desk", once=False)
    assert found(check, lent(lent(decided()), identity="bb").reply().end()) == []
