import pytest

from evalkit.checks.turn_deadline import TurnDeadline
from evalkit.journal.records import End, Outcome
from tests.checks.stories import SECOND, Story, configured, found, found_with

CHECK = TurnDeadline()


def hung(**call):
    story = Story().turn().call("crm").call("erp", **{"takes": None, **call}).wait(9 * SECOND)
    return story.reply(None, None, timed_out=True).end(End.TIMED_OUT)


def test_a_turn_that_never_came_back_names_what_it_waited_for():
    (finding,) = found(CHECK, hung())
    assert finding.message == "turn 1 never came back, waiting for erp GET /x (call #2)"
    assert (finding.expected, finding.seen) == ("a reply within 2min", "none after 10s")
    assert finding.calls == (2,)


def test_a_turn_that_waits_for_nothing_on_the_wire():
    story = Story().turn().call().wait(SECOND).reply(None, None, timed_out=True).end()
    (finding,) = found(CHECK, story)
    assert finding.message == "turn 1 never came back, with no call under way"


def test_a_call_that_the_end_of_the_turn_broke_off_was_under_way():
    story = Story().turn().call("erp", outcome=Outcome.ABANDONED, takes=9 * SECOND)
    (finding,) = found(CHECK, story.reply(None, None, timed_out=True).end())
    assert "erp GET /x (call #1)" in finding.message


def test_a_turn_without_an_end_never_came_back():
    (finding,) = found(CHECK, Story().turn().end(End.TIMED_OUT))
    assert finding.turn == 1


def test_one_that_the_scenario_expects_to_time_out_may():
    assert found_with(CHECK, hung(), expected_ends=frozenset({End.TIMED_OUT})) == []


@pytest.mark.parametrize(("takes", "count"), [(3 * SECOND, 1), (2 * SECOND, 0), (SECOND, 0)])
def test_the_user_is_told_in_time(takes, count):
    story = Story().turn().call(takes=takes).reply("Please hold.").end()
    findings = found(configured(TurnDeadline, within="2s"), story)
    assert len(findings) == count
    assert found(CHECK, story) == []


def test_one_that_was_late_names_the_call_that_took_longest():
    story = Story().turn().call().call("erp", takes=3 * SECOND).reply().end()
    (finding,) = found(configured(TurnDeadline, within="2s"), story)
    assert finding.message == (
        "turn 1 took 4s, 2s allowed; longest was erp GET /x with 3s (call #2)"
    )


def test_what_was_interrupted_proves_nothing():
    assert found(CHECK, Story().turn().call(takes=None)) == []


def test_a_turn_that_raised_came_back():
    assert found(CHECK, Story().turn().reply(None, None, error="it raised").end(End.FAILED)) == []
