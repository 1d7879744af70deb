import pytest

from evalkit.checks.lost_effect import NoLostEffect
from evalkit.journal.records import Answer
from evalkit.suite.model import ServiceUse
from tests.checks.stories import Story, configured, found_in_world

CHECK = NoLostEffect()
POST = {"operation": "POST /refunds", "method": "POST"}


def made(session="s0"):
    """A session in which the operation is seen to make an effect."""
    return Story(session=session).turn().call(**POST, effect=("refund", "o0")).reply().end()


def lost(**fields):
    return Story().turn().call(**{**POST, "status": 503, "fault": "status", **fields})


def test_a_write_that_failed_under_an_answer_as_if_it_had_not():
    (finding,) = found_in_world(CHECK, made(), lost().reply().end())
    assert finding.message == (
        "crm POST /refunds committed nothing (call #1: status 503), "
        "and turn 1 was answered as if it had"
    )
    assert (finding.session, finding.turn, finding.calls) == ("s1", 1, (1,))


def test_a_write_that_was_confirmed_and_not_committed():
    story = lost(status=200, fault="commit_nothing").reply().end()
    (finding,) = found_in_world(CHECK, made(), story)
    assert "said to be done" in finding.message
    assert "read back" in finding.hint


@pytest.mark.parametrize("answer", [Answer.DEGRADED, Answer.HOLD, Answer.ESCALATED, None])
def test_who_tells_the_user_has_lost_nothing(answer):
    assert found_in_world(CHECK, made(), lost().reply(answer=answer).end()) == []


def test_a_retry_makes_it_good():
    story = lost().call(**POST, logical=1, effect=("refund", "o1")).reply().end()
    assert found_in_world(CHECK, made(), story) == []


def test_another_effect_of_the_turn_makes_it_good_unless_one_is_named():
    other = lost().call(operation="POST /tickets", effect=("ticket",)).reply().end()
    assert found_in_world(CHECK, made(), other) == []
    strict = configured(NoLostEffect, of="crm POST /refunds", effect="refund")
    assert len(found_in_world(strict, made(), other)) == 1
    later = lost().reply().turn().call(**POST, effect=("refund",)).reply().end()
    assert found_in_world(strict, made(), later) == []


def test_an_effect_that_came_though_the_reply_was_lost_is_not_lost():
    story = lost(effect=("refund", "o1"), fault="commit_then_lose").reply().end()
    assert found_in_world(CHECK, made(), story) == []


def test_one_that_comes_later_is_not_lost():
    story = lost(fault="commit_late").reply().end()
    assert found_in_world(CHECK, made(), story) == []


def test_reading_is_no_write_but_what_is_named_is_one():
    assert found_in_world(CHECK, lost().reply().end()) == []
    named = configured(NoLostEffect, of="crm POST /*")
    assert len(found_in_world(named, lost().reply().end())) == 1


def test_a_refusal_and_what_is_optional_are_no_loss():
    refused = Story().turn().call(**POST, status=422).reply().end()
    assert found_in_world(CHECK, made(), refused) == []
    services = {"crm": ServiceUse(use="x.yaml", optional=True)}
    assert found_in_world(CHECK, made(), lost().reply().end(), services=services) == []
