import asyncio
import json

import pytest

from evalkit.errors import SuiteError
from tests.services.asking import ask, handled, header, value, waits
from tests.services.openapi.documents import CHARGES, KEY, UUID, asked, opened, service

NEW = {"amount": 19.99, "currency": "EUR"}
FORM = "application/x-www-form-urlencoded"


def test_a_contract_answers_by_itself_and_what_it_says_fits(tmp_path):
    charges = service(tmp_path)
    one = handled(charges, asked("GET", f"/v1/charges/{UUID}"))
    assert (one.status, value(one)["id"], one.breaches, one.complaint) == (200, UUID, (), None)
    assert "secret" not in value(one)
    many = handled(charges, asked("GET", "/v1/charges"))
    contract = opened(tmp_path, CHARGES)
    for reply, name in ((one, "getCharge"), (many, "listCharges")):
        media = contract.named(name).responses["200"].media[0]
        assert contract.checker.fits(media.address, value(reply))
        assert reply.contract.allows(value(reply))
    assert charges.hosts == ("https://api.pay.example",)
    assert charges.operation(asked("GET", f"/v1/charges/{UUID}")) == "GET /charges/{charge-id}"


def test_the_same_record_is_the_same_and_what_is_made_anew_is_not(tmp_path):
    charges = service(tmp_path)
    target = f"/v1/charges/{UUID}"
    first = ask(charges, "GET", target, headers=KEY, draw="a")
    assert ask(charges, "GET", target, headers=KEY, draw="b") == first
    made = [ask(charges, "POST", "/v1/charges", NEW, headers=KEY, draw=key) for key in "aab"]
    assert made[0] == made[1]
    assert value(made[0])["id"] != value(made[2])["id"]
    assert value(made[0]).items() >= NEW.items()


def test_examples_are_replied_and_texts_are_texts(tmp_path):
    reply = handled(service(tmp_path), asked("GET", "/v1/receipts/7.txt"))
    assert (reply.body(), header(reply, "content-type")) == (b"Thank you.", "text/plain")
    gone = handled(service(tmp_path), asked("DELETE", f"/v1/charges/{UUID}", authorization=""))
    assert (gone.status, gone.body(), gone.breaches) == (204, b"", ())


BODY = "components.schemas.NewCharge"


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "breaches"),
    [
        (
            "GET",
            "/v1/charges?limit=500&status=paid&status=x",
            b"",
            {},
            400,
            [
                "query.limit: 500 is more than 100 "
                "(paths./charges.get.parameters.0.schema.maximum)",
                'query.status.1: "x" is not one of "paid", "open", "failed" '
                "(components.schemas.Status.enum)",
            ],
        ),
        (
            "GET",
            "/v1/charges?filter[open]=perhaps",
            b"",
            {"x-tenant": "seven"},
            400,
            [
                'query.filter.open: "perhaps" is not of type boolean '
                "(paths./charges.get.parameters.2.schema.properties.open.type)",
                'header.X-Tenant: "seven" is not of type integer '
                "(paths./charges.get.parameters.3.schema.type)",
            ],
        ),
        (
            "GET",
            "/v1/charges/12",
            b"",
            {},
            400,
            [
                'path.charge-id: "12" is no uuid '
                "(paths./charges/{charge-id}.parameters.0.schema.format)"
            ],
        ),
        (
            "POST",
            "/v1/charges",
            {"amount": "12", "currency": "EUR", "x": 1},
            {},
            400,
            [
                f"body.x: must not be there ({BODY}.additionalProperties)",
                f'body.amount: "12" is not of type number ({BODY}.properties.amount.type)',
            ],
        ),
        (
            "POST",
            "/v1/charges",
            b"",
            {},
            400,
            ["body: is missing (paths./charges.post.requestBody.required)"],
        ),
        (
            "POST",
            "/v1/charges",
            b"<a/>",
            {"content-type": "text/xml"},
            415,
            [
                'header.content-type: "text/xml" is not one of application/json, '
                f"{FORM} (paths./charges.post.requestBody.content)"
            ],
        ),
        (
            "GET",
            "/v1/charges",
            b"",
            {"authorization": "Basic eA=="},
            401,
            [
                "security: no credential; needed: the header `Authorization: Bearer …` or the "
                "query `api_key` (security)"
            ],
        ),
        (
            "GET",
            "/v1/charge",
            b"",
            {},
            404,
            [
                "path: no operation for `GET /charge`; the nearest is `GET /charges`: its path has "
                "`charges` where the request has `charge` (paths)"
            ],
        ),
        (
            "GET",
            "/charges",
            b"",
            {},
            404,
            ["path: `/charges` is below no server's path; they are /v1 (servers)"],
        ),
        (
            "PUT",
            "/v1/charges",
            b"",
            {},
            405,
            ["method: `/charges` knows GET, HEAD, POST, OPTIONS, not PUT (paths./charges)"],
        ),
    ],
)
def test_a_request_that_breaks_the_contract_is_refused_with_the_exact_place(
    tmp_path, method, target, body, headers, status, breaches
):
    reply = handled(service(tmp_path), asked(method, target, body, **headers))
    assert reply.status == status
    assert list(reply.breaches) == breaches
    assert reply.complaint is None
    assert reply.effects == ()


@pytest.mark.parametrize("body", [b"{", b"", b"[1", b'"\\ud800"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused_in_the_contracts_own_words(tmp_path, body):
    reply = handled(service(tmp_path), asked("POST", "/v1/charges", body))
    assert reply.status == 400
    assert "body" in value(reply)["error"]["message"]


def test_one_that_is_not_strict_answers_all_the_same(tmp_path):
    charges = service(tmp_path, "strict: false")
    reply = handled(charges, asked("POST", "/v1/charges", {"amount": "12", "currency": "EUR"}))
    assert reply.status == 201
    assert len(reply.breaches) == 1


@pytest.mark.parametrize(
    "fields",
    [
        "amount=19.99&currency=EUR&note=",
        "amount=1&currency=EUR&tags[]=a&tags[]=b&address[zip]=N1&address[floor]=3",
        "amount=1&currency=EUR&tags[0]=a&tags[1]=b",
        "amount=1&currency=EUR&tags=a",
    ],
)
def test_forms_are_typed_by_their_schema(tmp_path, fields):
    charges = service(tmp_path)
    reply = handled(
        charges, asked("POST", "/v1/charges", fields.encode(), **{"content-type": FORM})
    )
    assert (reply.status, reply.breaches) == (201, ())


@pytest.mark.parametrize("query", ["api_key=k&limit=5", "api_key=k&filter[open]=true&status=open"])
def test_parameters_that_fit_are_taken(tmp_path, query):
    reply = handled(service(tmp_path), asked("GET", f"/v1/charges?{query}", authorization=""))
    assert (reply.status, reply.breaches) == (200, ())


OVERRIDES = """
latency: 50ms
operations:
  createCharge:
    latency: 70ms
    effect: {name: charge, key: [body.amount, reply.id is defined], idempotency: Idempotency-Key}
  GET /charges/{charge-id}:
    replies:
      - {if: "path.charge_id.startswith('0f')", status: 404}
      - json: {id: "{{ path.charge_id }}", amount: "{{ 'many' if query.bad is defined else 3 }}",
               status: paid, created: "2026-01-05T09:00:00Z"}
"""


def test_overrides_say_what_differs(tmp_path):
    text = OVERRIDES.replace(", reply.id is defined", "")
    charges = service(tmp_path, text)
    key = {**KEY, "idempotency-key": "k"}
    first = ask(charges, "POST", "/v1/charges", NEW, headers=key, draw="a")
    assert [(each.name, each.key) for each in first.effects] == [("charge", ("19.99",))]
    assert waits(first) == [70_000_000]
    assert waits(handled(charges, asked("GET", "/v1/charges"))) == [50_000_000]
    missing = handled(charges, asked("GET", f"/v1/charges/{UUID}"))
    assert (missing.status, value(missing)) == (404, {"error": {"message": "no such charge"}})
    other = handled(charges, asked("GET", f"/v1/charges/1{UUID[1:]}"))
    assert (other.status, value(other)["amount"], other.complaint) == (200, 3, None)


def test_a_reply_that_breaks_the_contract_is_the_mocks_mistake(tmp_path):
    text = OVERRIDES.replace(", reply.id is defined", "")
    target = f"/v1/charges/1{UUID[1:]}?bad=1"
    reply = handled(service(tmp_path, text), asked("GET", target))
    assert reply.status == 500
    assert 'body.amount: "many" is not of type number' in reply.complaint
    kind = handled(service(tmp_path, f"strict: false{text}"), asked("GET", target))
    assert (kind.status, value(kind)["amount"]) == (200, "many")
    assert kind.complaint is not None


def test_stores_serve_contracts_too(tmp_path):
    text = """
stores: {charges: {key: id}}
operations:
  createCharge:
    create: charges
    record: {id: "0f8fad5b-d9cb-469f-a165-70867728950e", amount: "{{ body.amount }}",
             status: open, created: "2026-01-05T09:00:00Z"}
"""
    reply = handled(service(tmp_path, text), asked("POST", "/v1/charges", NEW))
    assert (reply.status, reply.complaint) == (201, None)
    assert value(reply)["amount"] == 19.99
    assert len(reply.effects) == 1


@pytest.mark.parametrize(
    ("definition", "line", "message"),
    [
        ("operations: {createCharg: {}}", 3, "no operation `createCharg`"),
        ("operations:\n  createCharge: {}\n  POST /charges: {}", 5, "are the same operation"),
        ("operations: {createCharge: {reply: {status: 302}}}", 3, "no reply 302"),
        ("operations: {createCharge: {reply: {json: {}}}}", 3, "status 200 is not one of"),
        (
            "operations:\n  getCharge:\n    reply: {json: {id: 5, amount: 1, status: paid}}",
            5,
            "the reply breaks the contract: body.created: is missing",
        ),
        ("operations: {getCharge: {example: gone}}", 3, "has no example `gone`"),
        ("operations: {getCharge: {reply: {json: '{{ nothing }}'}}}", 3, "no variable `nothing`"),
        ("operations: {getReceipt: {reply: {text: hi}}}", 3, "a parameter is a whole segment"),
        ("strct: true", 3, 'unknown key "strct"'),
    ],
)
def test_a_mistake_in_the_definition_is_told_when_it_is_loaded(tmp_path, definition, line, message):
    with pytest.raises(SuiteError) as caught:
        service(tmp_path, definition)
    problem = next(each for each in caught.value.problems if message in each.message)
    assert problem.line == line
    assert problem.file.endswith("service.yaml")


def test_a_document_that_is_not_there_is_told(tmp_path):
    from tests.services.asking import load

    (tmp_path / "crm.yaml").write_text(CHARGES)
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "service: openapi\ndocument: crn.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.suggestion) == (2, "crm.yaml")


def test_any_bytes_as_a_request_are_answered(tmp_path):
    charges = service(tmp_path)
    for target in ("/", "//", "/v1", "/v1/", "/v1/charges/%ff", "/v1/receipts/.txt"):
        for method in ("GET", "HEAD", "OPTIONS", "PATCH"):
            reply = asyncio.run(charges.handle(asked(method, target, b"\x00")))
            assert 200 <= reply.status < 500
    assert json.loads(handled(charges, asked("PATCH", "/v1/charges")).body())
