"""What a contract's `security` asks for: credentials, and the scopes that they must have."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from evalkit.checks import SETS
from evalkit.checks.requests_conform import RequestsConform
from evalkit.errors import SuiteError
from evalkit.faults.narrower_scope import NarrowerScope
from evalkit.faults.token_expired import TokenExpired
from evalkit.journal.records import Severity
from evalkit.keyed import Draw
from tests.services.asking import handled, header, request, value
from tests.services.openapi.documents import opened, service

ORDERS = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
security: [{oauth: [orders:read]}]
paths:
  /orders:
    get:
      operationId: listOrders
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {type: string}}}}}}
    post:
      operationId: addOrder
      security: [{oauth: [orders:read, orders:write]}, {oauth: [admin]}, {key: []}]
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [id]}}}}
      responses: {"201": {description: added}}
  /about:
    get: {operationId: about, security: [], responses: {"200": {description: us}}}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}
    key: {type: apiKey, in: header, name: X-Key}
"""  # noqa: E501 - a contract is read best with one thing a line
NO_CREDENTIAL = "no credential; needed: the header `Authorization: Bearer …`"


def jwt(**claims: Any) -> str:
    """A token that tells its claims; nobody signed it."""
    parts = ({"alg": "none"}, claims)
    told = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in parts]
    return f"Bearer {b'.'.join(told).decode()}.x"


def asked(method: str, target: str, body: object = b"", **headers: str) -> Any:
    given = {"content-type": "application/json", **headers}
    return request(method, target, body, headers={k.replace("_", "-"): v for k, v in given.items()})


@pytest.mark.parametrize(
    ("method", "headers", "status", "breach"),
    [
        ("GET", {"authorization": jwt(scope="orders:read")}, 200, None),
        ("GET", {"authorization": jwt(scope="orders:write orders:read")}, 200, None),
        ("GET", {"authorization": jwt(scp=["orders:read"])}, 200, None),
        (
            "GET",
            {"authorization": jwt(scope="orders:write")},
            403,
            "security: the credential has orders:write; needed: orders:read (security)",
        ),
        (
            "GET",
            {"authorization": jwt(scope="")},
            403,
            "security: the credential has no scope; needed: orders:read (security)",
        ),
        # What an opaque token may do is not known here.
        ("GET", {"authorization": "Bearer opaque"}, 200, None),
        ("GET", {"authorization": "Bearer a.b.c"}, 200, None),
        ("GET", {"authorization": jwt(sub="me")}, 200, None),
        ("GET", {}, 401, f"security: {NO_CREDENTIAL} (security)"),
        ("POST", {"authorization": jwt(scope="admin")}, 201, None),
        ("POST", {"authorization": jwt(scope="orders:read orders:write")}, 201, None),
        ("POST", {"x_key": "k"}, 201, None),
        (
            "POST",
            {"authorization": jwt(scope="orders:read")},
            403,
            "security: the credential has orders:read; needed: orders:read orders:write or admin "
            "(paths./orders.post.security)",
        ),
    ],
)
def test_a_credential_must_have_the_scopes_of_the_operation(
    tmp_path, method, headers, status, breach
):
    body = {"id": 1} if method == "POST" else b""
    reply = handled(service(tmp_path, document=ORDERS), asked(method, "/orders", body, **headers))
    assert reply.status == status
    assert reply.breaches == (() if breach is None else (breach,))


def test_such_a_breach_is_a_violation_unless_it_is_left_out():
    assert RequestsConform.severity is Severity.VIOLATION
    assert RequestsConform.name in SETS["standard"]


def test_a_service_that_is_not_strict_answers_all_the_same(tmp_path):
    orders = service(tmp_path, "strict: false", ORDERS)
    reply = handled(orders, asked("GET", "/orders", authorization=jwt(scope="none")))
    assert (reply.status, len(reply.breaches)) == (200, 1)


def test_a_scheme_without_a_list_of_scopes_is_told(tmp_path):
    with pytest.raises(SuiteError) as raised:
        opened(tmp_path, ORDERS.replace("{oauth: [orders:read]}", "{oauth: orders:read}"))
    (problem,) = raised.value.problems
    assert "a scheme is followed by a list of scopes, be it empty" in problem.message
    assert problem.line == 4


AUTH = """
auth:
  tokens: {endpoint: /token, lifetime: 5min, clients: {me: {secret: s, scopes: [orders:read]}}}
  keys: {header: X-Key, accepted: {good: [orders:read, orders:write]}}
"""


@pytest.fixture
def orders(tmp_path):
    return service(tmp_path, AUTH, ORDERS)


def token(orders: Any) -> str:
    given = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s"}
    return f"Bearer {value(handled(orders, asked('POST', '/token', given)))['access_token']}"


def test_a_service_with_auth_knows_its_own_tokens_and_their_scopes(orders):
    mine = token(orders)
    read = handled(orders, asked("GET", "/orders", authorization=mine))
    assert (read.status, read.breaches) == (200, ())
    assert (read.access.had, read.access.used) == (("orders:read",), ("orders:read",))
    write = handled(orders, asked("POST", "/orders", {"id": 1}, authorization=mine))
    assert write.status == 403
    assert 'error="insufficient_scope"' in header(write, "www-authenticate")
    assert [each.partition(";")[0] for each in write.breaches] == [
        "security: the credential has orders:read"
    ]


@pytest.mark.parametrize(
    ("target", "headers", "status", "breaches"),
    [
        ("/orders", {"authorization": "Bearer other"}, 401, 0),
        ("/orders", {}, 401, 1),
        ("/about", {}, 200, 0),
    ],
)
def test_a_service_with_auth_asks_for_what_is_good_where_the_contract_asks(
    orders, target, headers, status, breaches
):
    reply = handled(orders, asked("GET", target, **headers))
    assert (reply.status, len(reply.breaches)) == (status, breaches)


def test_a_good_credential_does_not_excuse_a_body_that_breaks_the_contract(orders):
    reply = handled(orders, asked("POST", "/orders", {}, x_key="good"))
    assert reply.status == 400
    assert [each.partition(":")[0] for each in reply.breaches] == ["body.id"]
    assert handled(orders, asked("POST", "/orders", {"id": 1}, x_key="good")).status == 201


@pytest.mark.parametrize(
    ("fault", "status"),
    [(NarrowerScope(narrower_scope=True), 403), (TokenExpired(token_expired=True), 401)],
)
def test_faults_of_authority_befall_a_contract_s_service_too(orders, fault, status):
    healthy = handled(orders, asked("GET", "/orders", authorization=token(orders)))
    assert fault.apply(healthy, Draw("d")).status == status


@pytest.mark.parametrize("key", ["scopes: admin", "public: true"])
def test_what_the_contract_says_is_not_said_again(tmp_path, key):
    with pytest.raises(SuiteError) as raised:
        service(tmp_path, f"operations:\n  listOrders:\n    {key}\n", ORDERS)
    (problem,) = raised.value.problems
    assert "stands in the contract, under `security`" in problem.message
    assert problem.line == 5
