import pytest

from evalkit.journal.records import Answer, End, Outcome, Severity, Stage
from evalkit.suite.model import Expect
from tests.metrics.journals import MS, SERVICES, Pen, tables


def only(pen: Pen, **given):
    (row,) = pen.tables(**given).sessions
    return row


def done(pen: Pen, end: End = End.COMPLETED):
    return pen.reply(10).end(20, end)


def test_a_session_that_completed():
    row = only(Pen().start(5, intended=2, region="eu").begin(5).reply(10).end(20))
    assert (row.end, row.completed, row.failed, row.good) == (End.COMPLETED, True, False, True)
    assert (row.latency_ns, row.turns, row.calls, row.region) == (18 * MS, 1, 0, "eu")
    assert (row.recovered, row.fault) == (None, None)
    assert (row.escalated, row.degraded, row.held) == (False, False, False)


@pytest.mark.parametrize("end", [End.FAILED, End.TIMED_OUT, End.ERRORED])
def test_a_session_that_did_not_complete(end):
    row = only(done(Pen().start().begin(), end))
    assert (row.end, row.completed, row.failed, row.good) == (end, False, True, False)
    assert row.latency_ns == 20 * MS


def test_a_session_that_was_planned_and_never_started_has_errored():
    row = only(Pen())
    assert (row.session, row.end, row.completed, row.failed) == ("s1", End.ERRORED, False, True)
    assert (row.good, row.reason) == (False, "it was never started")
    missing = (row.latency_ns, row.cost, row.tokens_in, row.recovered, row.escalated, row.held)
    assert missing == (None,) * 6


def test_of_a_session_whose_cell_was_lost_it_is_said_that_nobody_knows():
    row = only(Pen(), lost=True)
    assert (row.end, row.failed, row.turns) == (End.ERRORED, True, 0)
    assert row.reason == "its cell came to no end: how far it was is not known"


def test_a_session_that_did_not_end_has_errored_and_has_no_latency():
    row = only(Pen().start().begin().call("crm", 0, 1))
    assert (row.end, row.latency_ns, row.failed, row.calls) == (End.ERRORED, None, True, 1)


def test_rows_come_in_the_order_planned():
    records = [*done(Pen("b").start().begin()).records, *done(Pen("a").start().begin()).records]
    found = tables(records, planned=["a", "missing", "b"]).sessions
    assert [each.session for each in found] == ["a", "missing", "b"]
    assert [each.completed for each in found] == [True, False, True]


@pytest.mark.parametrize(
    ("end", "delivered", "violated", "recovered"),
    [
        (End.COMPLETED, True, False, True),
        (End.COMPLETED, True, True, False),
        (End.FAILED, True, False, False),
        (End.COMPLETED, False, False, None),
        (End.FAILED, False, True, None),
    ],
)
def test_recovered_is_of_sessions_that_a_fault_reached(end, delivered, violated, recovered):
    pen = Pen().start().begin().call("crm", 0, 1, fault="status", delivered=delivered, status=503)
    pen = done(pen, end)
    if violated:
        pen.find(30)
    row = only(pen)
    assert (row.recovered, row.fault, row.faults_fired) == (recovered, "status", 1)
    assert row.faults_delivered == int(delivered)


def test_a_fault_without_a_call_counts():
    pen = Pen().start().begin()
    for stage in Stage:
        pen.fault(1, stage, fault="refused")
    row = only(done(pen))
    assert (row.recovered, row.fault, row.faults_delivered) == (True, "refused", 1)


def test_a_fault_that_was_only_scheduled_is_no_label():
    row = only(done(Pen().start().begin().fault(1, Stage.SCHEDULED)))
    assert (row.fault, row.faults_fired, row.recovered) == (None, 0, None)


def test_the_answers_of_any_turn_and_the_last():
    pen = Pen().start().begin().reply(1, answer=Answer.ESCALATED).begin(2)
    row = only(pen.reply(3, answer=Answer.DEGRADED).end(4))
    assert (row.escalated, row.degraded, row.held) == (True, True, False)
    assert (row.answer, row.turns) == (Answer.DEGRADED, 2)


def test_findings_by_what_they_mean():
    pen = done(Pen().start().begin()).find(30, check="scope").find(31, check="leak")
    pen.find(32, severity=Severity.ADVICE)
    row = only(pen)
    assert (row.violations, row.allowed, row.advice, row.good) == (2, 0, 1, False)
    allowed = Expect.model_validate({"findings": {"allow": ["scope", "leak"]}})
    row = only(pen, expect=allowed)
    assert (row.violations, row.allowed, row.advice, row.good) == (0, 2, 1, True)


def test_good_takes_the_end_that_is_expected():
    pen = done(Pen().start().begin(), End.TIMED_OUT)
    row = only(pen, expect=Expect.model_validate({"end": "timed_out"}))
    assert (row.good, row.completed, row.failed) == (True, False, True)
    assert not only(done(Pen().start().begin()), expect=Expect(end=(End.TIMED_OUT,))).good


# Tokens and cost -------------------------------------------------------------------------------


def bill(pen: Pen, **given):
    row = only(done(pen), **given)
    return row.tokens_in, row.tokens_out, row.cost, row.unpriced


def test_cost_is_the_sum_over_the_models_calls():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(300, 100), model="m")
    pen.call("llm", 1, 2, usage=(50, 50), model="m").call("crm", 2, 3)
    assert bill(pen) == (350, 150, 500.0, 0)
    assert only(pen).cost_per_1k_tokens == 1000.0


def test_a_session_that_asked_no_model_cost_nothing():
    pen = Pen().start().begin().call("crm", 0, 1)
    assert bill(pen) == (0, 0, 0.0, 0)
    assert only(pen).cost_per_1k_tokens is None


def test_a_suite_without_models_has_no_cost():
    assert bill(Pen().start().begin(), services=SERVICES[1:]) == (None, None, None, 0)


def test_an_unknown_model_is_unpriced_and_so_is_its_session():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="m")
    pen.call("llm", 1, 2, usage=(3, 2), model=None)
    assert bill(pen) == (6, 4, None, 1)


def test_a_reply_without_usage_makes_the_sums_unknown():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="m")
    assert bill(pen.call("llm", 1, 2, model="m")) == (None, None, None, 1)


def test_a_refused_call_costs_nothing():
    pen = Pen().start().begin().call("llm", 0, 1, status=503)
    assert bill(pen.call("llm", 1, 2, usage=(3, 2), model="m")) == (3, 2, 5.0, 0)


def test_the_attempts_after_the_first_have_a_cost_of_their_own():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="m", outcome=Outcome.CUT)
    pen.call("llm", 1, 2, usage=(4, 2), model="m", attempt=2, logical=1)
    row = only(pen)
    assert (row.cost, row.retry_cost) == (11, 6)
    pen.call("llm", 2, 3, model="m", attempt=3, logical=1)
    assert only(pen).retry_cost is None


def test_the_models_that_were_asked_label_the_session():
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="m")
    assert only(pen.call("llm", 1, 2, usage=(3, 2), model="command-r+")).model == "command-r+ + m"
    assert only(Pen().start().begin().call("crm", 0, 1)).model is None


def test_cpu_time_of_a_session_needs_that_of_each_turn():
    pen = done(Pen().start().begin().reply(5).begin(6))
    assert only(pen, cpu_ns={("s1", 1): 5, ("s1", 2): 6}).cpu_time_ns == 11
    assert only(pen, cpu_ns={("s1", 1): 5}).cpu_time_ns is None
