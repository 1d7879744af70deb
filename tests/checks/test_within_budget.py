import pytest

from evalkit.checks.within_budget import WithinBudget
from evalkit.journal.records import End, Outcome
from tests.checks.stories import SECOND, Story, found

CHECK = WithinBudget()


def retried(wait):
    story = Story().turn().call(status=503)
    story.now += wait
    return story.call(logical=1).reply().end()


@pytest.mark.parametrize(("status", "accused"), [(404, 0), (503, 1)])
def test_looking_again_for_what_is_not_there_yet_does_not_add_up(status, accused):
    story = Story().turn()
    for number in range(4):
        story.call(status=status, logical=1 if number else None).wait(SECOND)
    story.call(logical=1).reply().end()
    assert len(found(CHECK, story, crm={"budget": "2s"})) == accused


def test_attempts_and_the_waits_between_them_add_up():
    (finding,) = found(CHECK, retried(SECOND // 2), crm={"budget": "2s"})
    assert finding.message == "crm GET /x took 2.5s (calls #1 and #2), budget 2s"
    assert (finding.calls, finding.seen) == ((1, 2), "2.5s")
    assert finding.expected == "at most 2s, retries included"


@pytest.mark.parametrize(
    ("wait", "services"),
    [(0, {"crm": {"budget": "2s"}}), (SECOND, {"crm": {}}), (SECOND, {"erp": {"budget": "1s"}})],
    ids=["just within", "no budget", "another's budget"],
)
def test_within(wait, services):
    assert found(CHECK, retried(wait), **services) == []


@pytest.mark.parametrize("left_open", [True, False])
def test_a_stalled_call_without_a_timeout_is_caught(left_open):
    story = Story().turn()
    if left_open:
        story.call(takes=None, fault="stall")
        story.now += 120 * SECOND
    else:
        story.call(takes=120 * SECOND, outcome=Outcome.OPEN, fault="stall")
    story.reply(None, None, timed_out=True).end(End.TIMED_OUT)
    (finding,) = found(CHECK, story, crm={"budget": "1s"})
    assert finding.message == "crm GET /x was still going on after 2min (call #1), budget 1s"
    assert finding.hint == "set a timeout on the client"


def test_a_call_that_only_the_deadline_of_its_turn_ended_has_no_timeout():
    story = Story().turn().call(takes=60 * SECOND, outcome=Outcome.ABANDONED, fault="stall")
    story.reply(None, None, timed_out=True).end(End.TIMED_OUT)
    (finding,) = found(CHECK, story, crm={"budget": "1s"})
    assert finding.hint == "set a timeout on the client"


def test_a_call_given_up_in_time_is_within():
    story = Story().turn().call(outcome=Outcome.ABANDONED, fault="stall").reply().end()
    assert found(CHECK, story, crm={"budget": "1s"}) == []


def test_separate_calls_have_a_budget_each():
    story = Story().turn().call().call().call().reply().end()
    assert found(CHECK, story, crm={"budget": "1s"}) == []


@pytest.mark.parametrize(
    ("waited", "seen"), [(SECOND, []), (3 * SECOND, ["was still going on after 3s"])]
)
def test_nobody_waits_for_a_call_whose_turn_is_answered(waited, seen):
    story = Story().turn().call(takes=None, fault="stall")
    story.now += waited
    story.reply()
    story.now += 300 * SECOND
    story.turn().reply().end()
    assert [each.seen for each in found(CHECK, story, crm={"budget": "2s"})] == seen


def test_a_call_made_after_the_answer_has_its_budget_too():
    story = Story().turn().reply().call(takes=3 * SECOND).end()
    (finding,) = found(CHECK, story, crm={"budget": "2s"})
    assert finding.seen == "3s"


def test_nobody_waits_for_an_attempt_that_was_given_up_for_the_next():
    story = Story().turn().call(takes=None, fault="stall")
    story.wait(SECOND).call(logical=1).wait(60 * SECOND).given_up(1).reply().end()
    assert found(CHECK, story, crm={"budget": "3s"}) == []
