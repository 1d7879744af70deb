import pytest

from evalkit.checks.effect_claimed import EffectMatchesClaim
from evalkit.journal.records import Answer
from tests.checks.stories import Story, configured, found

CLAIM = {"says": r"\brefunded\b", "denies": "could not be refunded"}


def check(**claim):
    return configured(EffectMatchesClaim, effects={"refund": {**CLAIM, **claim}})


def begun(text, *, effect=True, answer=Answer.ANSWERED, **more):
    done = ("refund", "o1") if effect else ()
    return Story().turn().call("payments", effect=done).reply(text, answer, **more)


def story(text, **more):
    return begun(text, **more).end()


def test_a_claim_that_the_ledger_does_not_bear_out():
    (finding,) = found(check(), story("I have Refunded you.", effect=False))
    assert finding.message == (
        'turn 1 says that refund was done ("Refunded"), but the ledger holds no such effect'
    )
    assert (finding.turn, finding.expected, finding.seen) == (
        1,
        "refund committed",
        "not committed",
    )


def test_a_denial_that_the_ledger_contradicts():
    (finding,) = found(check(), story("It could not be refunded."))
    assert finding.message == (
        'turn 1 says that refund was not done ("could not be refunded"), '
        "but it was committed by call #1"
    )
    assert (finding.calls, finding.seen) == ((1,), "committed: o1")


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("You are refunded.", True),
        ("It could not be refunded, so you are not refunded.", False),
        ("Your order is on its way.", True),
        ("Your order is on its way.", False),
        (None, True),
    ],
)
def test_what_agrees_or_tells_nothing_is_fine(text, effect):
    assert found(check(), story(text, effect=effect)) == []


def test_an_effect_of_an_earlier_turn_stands_for_a_claim_unless_it_must_be_of_its_own():
    later = begun("Working on it.").turn().reply("As I said: refunded.").end()
    assert found(check(), later) == []
    (finding,) = found(check(same_turn=True), later)
    assert finding.turn == 2


def test_an_effect_of_an_earlier_turn_is_no_contradiction_of_a_denial():
    later = begun("You are refunded.").turn().reply("The fee could not be refunded.").end()
    assert found(check(), later) == []


def test_an_effect_of_a_later_turn_does_not_stand_for_a_claim():
    later = Story().turn().reply("You are refunded.").wait(1)
    later.turn().call(effect=("refund",)).reply("Now it is.").end()
    (finding,) = found(check(), later)
    assert finding.turn == 1


def test_another_effect_is_none_of_its_business():
    other = Story().turn().call(effect=("ticket",)).reply("You are refunded.").end()
    assert len(found(check(), other)) == 1


@pytest.mark.parametrize(("value", "effect"), [(True, False), (False, True)])
def test_the_context_of_a_reply_can_tell(value, effect):
    context = {"order": {"refunded": value}}
    checked = check(context="$.order.refunded")
    assert len(found(checked, story("Done.", effect=effect, context=context))) == 1
    assert found(checked, story("Done.", effect=not effect, context=context)) == []


def test_an_answer_can_tell():
    by_answer = check(answers="answered", denied_by=["refused", "degraded"])
    assert len(found(by_answer, story("ok", effect=False))) == 1
    assert len(found(by_answer, story("no", answer=Answer.REFUSED))) == 1
    assert found(by_answer, story("no", answer=Answer.REFUSED, effect=False)) == []
    assert found(by_answer, story("hm", answer=Answer.HOLD, effect=False)) == []
