"""What models cost: `cost-bounded` and `throttles-on-budget`."""

from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.checks.cost_bounded import CostBounded
from evalkit.checks.mistakes import check_mistakes
from evalkit.checks.throttles import ThrottlesOnBudget
from evalkit.journal.records import Answer
from evalkit.suite.checks import CheckUse
from evalkit.wire import Usage
from tests.checks.stories import Story, configured, found_with

CENT = Decimal("0.01")


def asked(story, tokens=1000, **fields):
    usage = {"ended": {"usage": Usage(input=tokens - 100, output=100), "model": "m"}}
    return story.call("llm", operation="chat", **usage, **fields)


def session(*turns):
    """A session of turns with so many calls of a model each, 1,000 tokens and a cent a call."""
    story = Story()
    for calls in turns:
        story.turn()
        for _ in range(calls):
            asked(story)
        story.reply()
    return story.end()


def found(check, story, cost=lambda call: CENT):
    return found_with(check, story, models=frozenset({"llm"}), cost=cost)


def bounded(**bounds):
    return configured(CostBounded, **bounds)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"session": "$0.02"}, "the session cost $0.03, $0.02 allowed (calls #1, #2 and #3)"),
        ({"turn": "$0.01"}, "turn 2 cost $0.02, $0.01 allowed (calls #2 and #3)"),
        ({"per_1k_tokens": "$0.009"}, "1,000 tokens cost $0.01, $0.009 allowed"),
        ({"tokens": 2999}, "the session took 3,000 tokens, 2,999 allowed"),
    ],
)
def test_a_bound_that_is_broken(bounds, message):
    (finding,) = found(bounded(**bounds), session(1, 2))
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    "bounds",
    [{"session": "$0.03"}, {"turn": "$0.02"}, {"per_1k_tokens": "$0.01"}, {"tokens": 3000}],
)
def test_a_bound_that_is_just_kept(bounds):
    assert found(bounded(**bounds), session(1, 2)) == []


def test_without_a_price_no_bound_in_dollars_holds():
    (finding,) = found(bounded(session="$9"), session(2), cost=lambda call: None)
    assert finding.message.startswith("what calls #1 and #2 cost is unknown")
    assert found(bounded(tokens=9000), session(2), cost=lambda call: None) == []


def test_what_a_model_refused_and_what_is_no_model_cost_nothing():
    story = asked(Story().turn(), status=500).call("crm").reply().end()
    assert found(bounded(session="$0", tokens=1), story) == []


@pytest.mark.parametrize("check", [CostBounded, ThrottlesOnBudget])
@pytest.mark.parametrize("settings", [None, {}])
def test_a_bound_has_to_be_given(check, settings):
    (mistake,) = check_mistakes([CheckUse(check.name, settings)], Path(), ())
    words = "cannot do without settings" if settings is None else "one of these keys is missing"
    assert words in mistake.message


# throttles-on-budget -----------------------------------------------------------------------------


def throttled(**settings):
    return configured(ThrottlesOnBudget, **settings)


@pytest.mark.parametrize("budget", [{"tokens": 2000}, {"cost": "$0.02"}])
def test_models_that_are_asked_after_the_budget_is_used_up(budget):
    (finding,) = found(throttled(**budget), session(1, 2, 1))
    assert "was used up by call #2, and models were asked again (calls #3 and #4)" in (
        finding.message
    )
    assert finding.calls == (2, 3, 4)


def test_failed_attempts_count_as_asking():
    story = asked(Story().turn()).call("llm", status=500).reply().end()
    assert len(found(throttled(tokens=1000), story)) == 1


@pytest.mark.parametrize("budget", [{"tokens": 4000}, {"tokens": 4001}, {"cost": "$1"}])
def test_a_budget_that_lasts(budget):
    assert found(throttled(**budget), session(1, 2, 1)) == []


def test_a_grace_to_round_off_with_and_calls_of_tools_are_fine():
    story = asked(asked(Story().turn()).call("crm")).reply().end()
    assert found(throttled(tokens=1000, grace=1), story) == []
    assert len(found(throttled(tokens=1000), story)) == 1


def test_what_was_under_way_had_begun_before():
    story = asked(Story().turn())
    story.wait(-500_000_000)
    assert found(throttled(tokens=1000), asked(story).reply().end()) == []


@pytest.mark.parametrize(("answer", "count"), [(Answer.DEGRADED, 0), (Answer.ANSWERED, 1)])
def test_later_turns_have_to_answer_as_they_should(answer, count):
    story = asked(Story().turn()).reply().turn().reply(answer=answer).end()
    findings = found(throttled(tokens=1000, then=["degraded", "hold"]), story)
    assert len(findings) == count
    for finding in findings:
        assert finding.message.endswith("turn 2 was answered, not degraded or hold")
