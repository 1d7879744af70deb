import pytest

from evalkit.errors import SuiteError
from tests.services.asking import ask, handled, header, load, request, value, waits
from tests.services.rest.crm import CRM

MS = 1_000_000
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
    again = post(crm, TICKET, "k-1", at=80 * MS)
    assert (again.status, again.body(), again.route) == (201, first.body(), "POST /tickets")
    assert (len(first.effects), len(again.effects)) == (1, 0)
    assert header(again, "idempotent-replayed") == "true"
    assert waits(again) == waits(first)


def test_the_order_of_keys_in_the_body_does_not_matter(crm):
    post(crm, TICKET, "k-1")
    turned = dict(reversed(TICKET.items()))
    assert post(crm, turned, "k-1", at=80 * MS).status == 201


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
    assert header(post(crm, TICKET, "k-1", at=80 * MS), "idempotent-replayed") == "true"


def test_a_refusal_does_not_use_up_the_key(crm):
    assert post(crm, {**TICKET, "summary": "twice"}, "k-1").status == 409
    assert len(post(crm, TICKET, "k-1").effects) == 1


def test_a_fresh_service_knows_no_key(template):
    assert [len(post(template.fresh(), TICKET, "k-1").effects) for _ in range(2)] == [1, 1]


def test_a_duplicate_of_a_request_still_under_way_is_409(crm):
    assert post(crm, TICKET, "k-1", at=0).status == 201
    reply = post(crm, TICKET, "k-1", at=80 * MS - 1)
    assert (reply.status, value(reply)["error"]) == (409, "idempotency_key_in_use")
    assert post(crm, TICKET, "k-1", at=80 * MS).status == 201


BY_BODY = """
service: rest
routes:
  POST /charges:
    effect:
      name: charge
      idempotency: {key: body.request_id, required: true, reused: 409}
    reply: {status: 201, json: {id: "{{ body | digest(6) }}"}}
  POST /refunds:
    effect: {name: refund, idempotency: {header: X-Request-Id}}
    reply: {json: {}}
"""


def test_the_key_may_stand_in_the_body(tmp_path):
    bank = load(tmp_path, BY_BODY).fresh()

    def charge(**body):
        return ask(bank, "POST", "/charges", body)

    first = charge(request_id="r-1", amount=5)
    again = charge(request_id="r-1", amount=5)
    assert (len(first.effects), again.effects) == (1, ())
    assert again.body() == first.body()
    assert charge(request_id="r-1", amount=6).status == 409
    assert len(charge(request_id="r-2", amount=5).effects) == 1
    for missing in ({"amount": 5}, {"request_id": None}, {"request_id": ""}):
        assert value(charge(**missing))["error"] == "idempotency_key_missing"


def test_the_same_key_on_another_route_is_another_key(tmp_path):
    bank = load(tmp_path, BY_BODY).fresh()
    headers = {"X-Request-Id": "r-1"}
    assert ask(bank, "POST", "/charges", {"request_id": "r-1"}).status == 201
    assert ask(bank, "POST", "/refunds", {}, headers=headers).status == 200
    assert ask(bank, "POST", "/refunds", {"a": 1}, headers=headers).status == 422


def test_a_key_is_in_one_place(tmp_path):
    for idempotency in ("{}", "{header: a, key: body.b}"):
        definition = BY_BODY.replace("{header: X-Request-Id}", idempotency)
        with pytest.raises(SuiteError, match="in a `header` or given by a `key`"):
            load(tmp_path, definition)
