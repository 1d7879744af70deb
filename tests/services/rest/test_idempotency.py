import pytest

from evalkit.services.rest.idempotency import IdempotencyKeys
from tests.services.asking import handled, header, load, request, value, waits
from tests.services.rest.crm import CRM

TICKET = {"customer": "c-1", "summary": "broken"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return load(tmp_path_factory.mktemp("crm"), CRM)


@pytest.fixture
def crm(template):
    return template.fresh()


def post(service, body, key, *, commit=True, **more):
    headers = {} if key is None else {"Idempotency-Key": key}
    asked = request("POST", "/tickets", body, headers=headers, **more)
    return handled(service, asked, commit=commit)


def test_the_same_key_and_body_get_the_first_reply_and_no_second_effect(crm):
    first = post(crm, TICKET, "k-1")
    again = post(crm, TICKET, "k-1")
    assert (again.status, again.body(), again.route) == (201, first.body(), "POST /tickets")
    assert (len(first.effects), len(again.effects)) == (1, 0)
    assert header(again, "idempotent-replayed") == "true"
    assert waits(again) == waits(first)


def test_the_order_of_keys_in_the_body_does_not_matter(crm):
    post(crm, TICKET, "k-1")
    turned = dict(reversed(TICKET.items()))
    assert post(crm, turned, "k-1").effects == ()


def test_the_same_key_with_another_body_is_422(crm):
    post(crm, TICKET, "k-1")
    reply = post(crm, {**TICKET, "summary": "other"}, "k-1")
    assert (reply.status, value(reply)["error"]) == (422, "idempotency_key_reused")
    assert (reply.effects, reply.complaint) == ((), None)
    assert post(crm, b"{", "k-1").status == 422


@pytest.mark.parametrize("keys", [("k-1", "k-2"), (None, None), ("", "")])
def test_another_key_or_none_is_another_effect(crm, keys):
    assert [len(post(crm, TICKET, key).effects) for key in keys] == [1, 1]


def test_a_reply_whose_effect_was_not_committed_leaves_no_trace(crm):
    lost = post(crm, TICKET, "k-1", commit=False)
    retried = post(crm, TICKET, "k-1")
    assert len(lost.effects) == len(retried.effects) == 1
    assert post(crm, TICKET, "k-1").effects == ()


def test_a_refusal_does_not_use_up_the_key(crm):
    assert post(crm, {**TICKET, "summary": "twice"}, "k-1").status == 409
    assert len(post(crm, TICKET, "k-1").effects) == 1


def test_a_fresh_service_knows_no_key(template):
    assert [len(post(template.fresh(), TICKET, "k-1").effects) for _ in range(2)] == [1, 1]


def test_what_was_not_offered_is_not_committed(crm):
    keys = IdempotencyKeys()
    keys.commit("POST /tickets", "k-1")
    assert keys.answer("POST /tickets", "k-1", request("POST", "/tickets", TICKET)) is None
    crm.committed(request("GET", "/nothing"))
    crm.committed(request("GET", "/customers/7"))
    assert len(post(crm, TICKET, "k-1").effects) == 1
