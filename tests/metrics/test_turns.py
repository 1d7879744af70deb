import pytest

from evalkit.journal.records import Answer, Severity
from evalkit.suite.model import Expect
from tests.metrics.journals import MS, SERVICES, Pen


def only(pen: Pen, **given):
    (row,) = pen.tables(**given).turns
    return row


def test_latency_counts_from_the_intended_start():
    row = only(Pen().start().begin(30, intended=10).reply(100))
    assert (row.latency_ns, row.intended_ns, row.started_ns) == (90 * MS, 10 * MS, 30 * MS)


def test_the_parts_of_a_turn():
    pen = Pen().start().begin(0)
    pen.call("llm", 10, 40).call("crm", 30, 60).call("crm", 50, 70).reply(100)
    row = only(pen)
    times = (row.llm_time_ns, row.tool_time_ns, row.wait_time_ns)
    assert times == (30 * MS, 30 * MS, 40 * MS)
    assert (row.latency_ns, row.downstream_share, row.calls) == (100 * MS, 0.6, 3)


def test_calls_of_other_turns_and_after_the_end_do_not_count():
    pen = Pen().start().begin(0).call("crm", 90, 300).reply(100)
    pen.begin(200).call("llm", 210, None).reply(250).end(300)
    first, second = pen.tables().turns
    assert (first.tool_time_ns, first.wait_time_ns) == (10 * MS, 90 * MS)
    assert (second.llm_time_ns, second.tool_time_ns) == (40 * MS, 0)


def test_a_turn_that_took_no_time_has_no_downstream_share():
    row = only(Pen().start().begin(5).reply(5))
    assert (row.latency_ns, row.wait_time_ns, row.downstream_share) == (0, 0, None)


def test_a_turn_that_never_came_back_has_failed_and_has_no_latency():
    row = only(Pen().start().begin(5).call("crm", 6, 7))
    assert (row.failed, row.latency_ns, row.llm_time_ns) == (True, None, None)
    assert (row.downstream_share, row.ended_ns) == (None, None)


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        ({"text": "Fine."}, False),
        ({"text": ""}, True),
        ({"text": None}, True),
        ({"text": " \n"}, True),
        ({"text": "Fine.", "error": "KeyError: 1"}, True),
        ({"text": "Fine.", "timed_out": True}, True),
    ],
)
def test_what_makes_a_turn_fail(reply, failed):
    assert only(Pen().start().begin().reply(10, **reply)).failed is failed


def test_a_broken_expectation_makes_its_turn_fail_unless_it_is_allowed():
    pen = Pen().start().begin().reply(10).begin(20).reply(30).find(40)
    assert [each.failed for each in pen.tables().turns] == [False, True]
    allowed = Expect.model_validate({"findings": {"allow": ["scope"]}})
    assert [each.failed for each in pen.tables(expect=allowed).turns] == [False, False]


def test_advice_makes_no_turn_fail():
    row = only(Pen().start().begin().reply(10).find(11, severity=Severity.ADVICE))
    assert (row.failed, row.advice, row.violations) == (False, 1, 0)


def test_cpu_time_is_that_of_the_turn_or_missing():
    pen = Pen().start().begin().reply(10).begin(20).reply(30)
    found = pen.tables(cpu_ns={("s1", 1): 7, ("other", 2): 9}).turns
    assert [each.cpu_time_ns for each in found] == [7, None]


def test_what_the_agent_said_and_the_faults_of_the_turn():
    pen = Pen().start().begin().call("crm", 0, 1, fault="stall").call("crm", 1, 2, fault="delay")
    row = only(pen.reply(9, "Hold on.", answer=Answer.HOLD, confidence=0.4))
    assert (row.text, row.answer, row.confidence) == ("Hold on.", Answer.HOLD, 0.4)
    assert row.fault == "delay+stall"


def test_a_turn_is_billed_for_its_own_calls():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="m").reply(2)
    pen.begin(3).call("llm", 4, 5, usage=(7, 1), model="n").call("llm", 5, 6, model="n").reply(7)
    first, second = pen.begin(8).reply(9).tables().turns[:2]
    assert (first.cost, first.tokens_in, first.tokens_out, first.model) == (5, 3, 2, "m")
    assert (second.cost, second.tokens_in, second.unpriced, second.model) == (None, None, 1, "n")
    assert (first.unpriced, pen.tables().turns[2].cost) == (0, 0)


def test_without_a_model_a_turn_has_no_cost():
    (turn,) = Pen().start().begin().reply(1).tables(services=SERVICES[1:]).turns
    assert (turn.cost, turn.tokens_in, turn.unpriced) == (None, None, 0)
