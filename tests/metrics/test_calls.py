from decimal import Decimal

import pytest

from evalkit.journal.records import Outcome, Severity
from evalkit.metrics import Priced
from evalkit.services.base import ServiceInfo
from evalkit.wire import Usage
from tests.metrics.journals import MS, SERVICES, Pen


def rows(pen: Pen, **given):
    return pen.tables(**given).calls


def test_a_plain_call():
    (row,) = rows(Pen().start(region="eu").begin().call("crm", 10, 35))
    assert (row.scenario, row.cell, row.session, row.turn) == ("happy", 0, "s1", 1)
    assert (row.service, row.kind, row.operation, row.region) == ("crm", "rest", "GET /", "eu")
    assert (row.latency_ns, row.status, row.outcome) == (25 * MS, 200, Outcome.REPLIED)
    assert (row.error, row.timeout, row.recovered, row.attempts) == (False, False, True, 1)
    assert (row.cause, row.fault) == ("organic", None)
    assert (row.tokens_in, row.cost, row.first_token_ns, row.model) == (None, None, None, None)


@pytest.mark.parametrize(
    ("ended", "error", "timeout"),
    [
        ({"status": 503}, True, False),
        ({"status": 404}, True, False),
        ({"outcome": Outcome.ABANDONED}, True, True),
        ({"outcome": Outcome.RESET, "status": None}, True, False),
        ({"outcome": Outcome.OPEN}, True, False),
        ({"failed": True}, True, False),
    ],
)
def test_errors_and_timeouts(ended, error, timeout):
    (row,) = rows(Pen().start().begin().call("crm", 0, 5, **ended))
    assert (row.error, row.timeout, row.recovered) == (error, timeout, False)
    assert row.latency_ns == 5 * MS


def test_a_call_without_an_end_has_no_latency_and_is_an_error():
    (row,) = rows(Pen().start().begin().call("crm", 0, None))
    assert (row.latency_ns, row.outcome, row.error, row.timeout) == (None, None, True, False)


def test_attempts_are_counted_once_for_each_logical_call():
    pen = Pen().start().begin()
    pen.call("crm", 0, 1, status=503).call("llm", 0, 9)
    pen.call("crm", 2, 3, status=503, attempt=2, logical=1)
    pen.call("crm", 4, 5, attempt=3, logical=1)
    found = [(row.call, row.attempts, row.recovered) for row in rows(pen)]
    assert found == [(1, 3, True), (2, 1, True), (3, None, True), (4, None, True)]


def test_a_logical_call_that_never_got_there_is_not_recovered():
    pen = Pen().start().begin().call("crm", 0, 1, status=503)
    pen.call("crm", 2, 3, status=503, attempt=2, logical=1)
    assert [row.recovered for row in rows(pen)] == [False, False]


def test_the_cause_is_injected_where_a_fault_fired():
    pen = Pen().start().begin().call("crm", 0, 1, fault="status", status=503)
    pen.call("crm", 2, 3, fault="stall", delivered=False).call("crm", 4, 5, status=500)
    found = [(row.cause, row.fault) for row in rows(pen)]
    assert found == [("injected", "status"), ("injected", "stall"), ("organic", None)]


def test_the_model_of_a_failed_call_is_the_one_that_was_asked():
    pen = Pen().start().begin()
    pen.call("llm", 0, 1, status=503, body=b'{"model": "gpt-4o"}')
    pen.call("llm", 1, 2, model="gpt-4o-2024", body=b'{"model": "gpt-4o"}')
    pen.call("llm", 2, 3, status=503, body=b"{")
    pen.call("llm", 2, 3, status=503, body=b'{"model": 3}')
    pen.call("llm", 2, 3, status=503, body=b"[1]")
    pen.call("crm", 2, 3, body=b'{"model": "T"}')
    assert [row.model for row in rows(pen)] == ["gpt-4o", "gpt-4o-2024", None, None, None, None]


@pytest.mark.parametrize(
    ("ended", "first", "between"),
    [
        ({"first_token": 200 * MS, "last_token": 400 * MS}, 200 * MS, 20 * MS),
        ({"first_token": 200 * MS, "last_token": 200 * MS}, 200 * MS, None),
        ({"first_token": 200 * MS}, 200 * MS, None),
        ({"first_token": 200 * MS, "last_token": 400 * MS, "usage": (5, 1)}, 200 * MS, None),
        (
            {"first_token": 200 * MS, "last_token": 300 * MS, "outcome": Outcome.CUT},
            200 * MS,
            None,
        ),
        ({}, None, None),
        ({"first_token": 1, "last_token": 2, "status": 503}, None, None),
    ],
)
def test_token_times(ended, first, between):
    pen = Pen().start().begin().call("llm", 0, 500, **{"usage": (5, 11), **ended})
    (row,) = rows(pen)
    assert (row.first_token_ns, row.inter_token_ns) == (first, between)


def test_tokens_are_those_of_replies_that_began_well():
    pen = Pen().start().begin()
    pen.call("llm", 0, 1, usage=(3, 2), model="m")
    pen.call("llm", 1, 2, usage=(3, 2), model="m", status=503)
    pen.call("llm", 2, 3, usage=(3, 2), model="m", status=None, outcome=Outcome.ABANDONED)
    pen.call("llm", 3, 4, usage=(3, 2), model="m", outcome=Outcome.CUT)
    found = [(row.tokens_in, row.tokens_out, row.cost) for row in rows(pen)]
    assert found == [(3, 2, 5.0), (None, None, None), (None, None, None), (3, 2, 5.0)]


def test_the_price_declared_for_a_service_goes_before_the_model_on_the_wire():
    asked = []

    def price(model: str | None, usage: Usage) -> Priced:
        asked.append(model)
        return Priced(Decimal(1), "test")

    declared = (ServiceInfo(name="llm", kind="openai", price="gpt-4o"), SERVICES[1])
    pen = Pen().start().begin().call("llm", 0, 1, usage=(3, 2), model="local")
    (row,) = rows(pen, price=price, services=declared)
    assert (row.model, row.priced_as, row.priced_by) == ("local", "gpt-4o", "test")
    rows(pen, price=price)
    assert asked == ["gpt-4o", "local"]


def test_tokens_are_told_apart():
    (row,) = rows(Pen().start().begin().call("llm", 0, 1, usage=(9, 5, 3, 2, 4), model="m"))
    assert (row.tokens_in, row.tokens_out) == (9, 5)
    assert (row.tokens_cached, row.tokens_cache_write, row.tokens_reasoning) == (3, 2, 4)


@pytest.mark.parametrize(
    ("ended", "unpriced"),
    [
        ({"usage": (3, 2), "model": "m"}, False),
        ({"usage": (3, 2)}, True),
        ({"model": "m"}, True),
        ({"model": "m", "status": 503}, False),
        ({"model": "m", "outcome": Outcome.RESET, "status": None}, False),
        ({"usage": (3, 2), "outcome": Outcome.CUT}, True),
        ({}, False),  # as a list of models
    ],
)
def test_a_call_is_unpriced_that_a_model_answered_and_nobody_can_bill(ended, unpriced):
    (row,) = rows(Pen().start().begin().call("llm", 0, 1, **ended))
    assert row.unpriced is unpriced
    assert not unpriced or (row.cost, row.priced_by) == (None, None)


def test_findings_are_counted_at_the_calls_that_prove_them():
    pen = Pen().start().begin().call("crm", 0, 1).call("crm", 2, 3)
    pen.find(4, 1, 2).find(4, 2, severity=Severity.ADVICE)
    assert [(row.violations, row.advice) for row in rows(pen)] == [(1, 0), (1, 1)]


def test_calls_that_belong_to_no_session_are_kept():
    pen = Pen().start().begin()
    pen.session = pen.turn = None
    pen.call("elsewhere", 0, 1)
    (row,) = rows(pen)
    assert (row.session, row.turn, row.service, row.kind) == (None, None, "elsewhere", None)
