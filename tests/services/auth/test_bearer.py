import base64

import pytest

from evalkit.errors import SuiteError
from evalkit.faults import apply_all
from evalkit.faults.narrower_scope import NarrowerScope
from evalkit.faults.token_expired import TokenExpired
from evalkit.faults.wider_scope import WiderScope
from tests.services.asking import ask, handled, header, load, request, take_on, value, waits
from tests.services.auth.bank import BANK, ROTATING, SECOND, bearer, form, token


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return load(tmp_path_factory.mktemp("bank"), BANK)


@pytest.fixture
def bank(template):
    return template.fresh()


def read(bank, access, **more):
    return ask(bank, "GET", "/accounts/a-1", headers=bearer(access), **more)


def test_client_credentials_give_a_token_that_opens_the_routes_of_its_scopes(bank):
    reply = token(bank)
    given = value(reply)
    assert reply.status == 200
    assert header(reply, "cache-control") == "no-store"
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
    assert given["scope"] == "accounts:read accounts:write"
    assert value(read(bank, given["access_token"])) == {"id": "a-1", "owner": "Ann"}
    assert waits(reply) == [10_000_000]


def test_basic_authentication_of_a_client(bank):
    words = base64.b64encode(b"desk:s3").decode()
    reply = form(bank, grant_type="client_credentials", headers={"authorization": f"Basic {words}"})
    assert reply.status == 200
    wrong = form(bank, grant_type="client_credentials", headers={"authorization": "Basic eA=="})
    assert (wrong.status, value(wrong)["error"]) == (401, "invalid_client")
    assert header(wrong, "www-authenticate") == 'Basic realm="token"'


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"client_id": "desk", "client_secret": "no"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": "s3"}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
        ({"client_id": "desk", "client_secret": "s3"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "admin"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses_as_the_rfc_says(bank, fields, status, error):
    known = {"client_id": "desk", "client_secret": "s3"} if "grant_type" in fields else {}
    reply = form(bank, **known, **fields)
    assert (reply.status, value(reply)["error"]) == (status, error)
    assert reply.complaint is None


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{"])
def test_a_body_that_is_no_form_is_an_invalid_request(bank, body):
    reply = ask(bank, "POST", "/oauth/token", body)
    assert (reply.status, value(reply)["error"]) == (400, "invalid_request")


def test_a_token_may_be_asked_for_with_fewer_scopes(bank):
    given = value(token(bank, scope="accounts:read"))
    assert given["scope"] == "accounts:read"
    refused = ask(bank, "POST", "/accounts", {}, headers=bearer(given["access_token"]))
    assert refused.status == 403


@pytest.mark.parametrize(
    ("headers", "status", "challenge"),
    [
        ({}, 401, 'Bearer realm="bank"'),
        ({"Authorization": "Basic eDp5"}, 401, 'Bearer realm="bank"'),
        ({"Authorization": "Bearer "}, 401, 'Bearer realm="bank"'),
        (
            {"Authorization": "Bearer x"},
            401,
            'Bearer realm="bank", error="invalid_token", '
            'error_description="The access token is invalid"',
        ),
        ({"X-Api-Key": "key-1"}, 200, None),
        (
            {"X-Api-Key": "key-2"},
            403,
            'Bearer realm="bank", error="insufficient_scope", error_description='
            '"The request needs higher privileges", scope="accounts:read"',
        ),
    ],
)
def test_a_refusal_names_what_is_wrong_as_rfc_6750_says(bank, headers, status, challenge):
    reply = ask(bank, "GET", "/accounts/a-1", headers=headers)
    assert (reply.status, header(reply, "www-authenticate")) == (status, challenge)
    assert (reply.route, reply.complaint) == ("GET /accounts/{id}", None)


def test_a_refused_request_changes_nothing(bank):
    given = value(token(bank, "kiosk", "s4"))["access_token"]
    refused = ask(bank, "POST", "/accounts", {"id": "a-2"}, headers=bearer(given))
    assert (refused.status, refused.effects) == (403, ())
    assert ask(bank, "GET", "/accounts/a-2", headers=bearer(given)).status == 404


def test_a_token_ends_with_its_lifetime_in_world_time(bank):
    given = value(token(bank, at=5 * SECOND))["access_token"]
    assert read(bank, given, at=605 * SECOND - 1).status == 200
    late = read(bank, given, at=605 * SECOND)
    assert late.status == 401
    assert "The access token expired" in header(late, "www-authenticate")


def refresh(bank, token, **more):
    return form(
        bank,
        grant_type="refresh_token",
        refresh_token=token,
        client_id="desk",
        client_secret="s3",
        **more,
    )


def test_a_refresh_token_gives_another_token_until_it_ends(bank):
    first = value(token(bank))
    second = value(refresh(bank, first["refresh_token"], at=700 * SECOND, draw="2"))
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] == first["refresh_token"]
    assert read(bank, second["access_token"], at=1000 * SECOND).status == 200
    assert refresh(bank, first["refresh_token"], at=3600 * SECOND).status == 400


def test_a_refresh_token_belongs_to_its_client(bank):
    first = value(token(bank, "kiosk", "s4"))
    assert value(refresh(bank, first["refresh_token"]))["error"] == "invalid_grant"


def test_a_rotated_refresh_token_is_good_once(tmp_path):
    bank = load(tmp_path, ROTATING).fresh()
    first = value(token(bank))["refresh_token"]
    lost = refresh(bank, first, draw="2", commit=False)
    second = value(refresh(bank, first, draw="3"))["refresh_token"]
    assert lost.status == 200
    assert second != first
    assert refresh(bank, first, draw="4").status == 400
    assert refresh(bank, second, draw="5").status == 200


def test_a_token_that_was_never_given_out_is_none(bank):
    lost = value(token(bank, commit=False))["access_token"]
    assert read(bank, lost).status == 401


def test_what_is_public_needs_no_credential_and_what_needs_no_scope_needs_one(bank):
    assert ask(bank, "GET", "/health").status == 200
    assert ask(bank, "GET", "/me").status == 401
    assert ask(bank, "GET", "/me", headers={"x-api-key": "key-2"}).status == 200
    assert ask(bank, "GET", "/nothing").status == 404


def test_the_scopes_of_a_call_are_known(bank):
    given = value(token(bank))["access_token"]
    access = read(bank, given).access
    assert (access.had, access.used) == (("accounts:read", "accounts:write"), ("accounts:read",))
    key = ask(bank, "GET", "/me", headers={"x-api-key": "key-1"}).access
    assert (key.had, key.used, key.grant) == (("accounts:read",), (), None)
    assert token(bank).access.grant == "client_credentials"
    assert ask(bank, "GET", "/health").access is None
    assert ask(bank, "GET", "/me").access is None


def test_the_same_call_gives_the_same_token_and_another_another(template):
    tokens = [value(token(template.fresh(), draw=draw))["access_token"] for draw in "aab"]
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_token_that_a_fault_expires_stays_expired_and_the_next_is_good(bank):
    given = value(token(bank))["access_token"]
    asked = request("GET", "/accounts/a-1", headers=bearer(given))
    healthy = handled(bank, asked)
    refused = apply_all(healthy, [TokenExpired(token_expired=True)], asked.draw, kind="rest")
    assert read(bank, given).status == 200
    take_on(refused)
    assert (refused.status, header(refused, "www-authenticate")) == (
        401,
        'Bearer realm="bank", error="invalid_token", error_description="The access token expired"',
    )
    assert waits(refused) == waits(healthy)
    assert read(bank, given).status == 401
    assert read(bank, value(token(bank, draw="2"))["access_token"]).status == 200


@pytest.mark.parametrize(
    ("fault", "scope", "status"),
    [
        (NarrowerScope(narrower_scope=True), "accounts:read", 403),
        (WiderScope(wider_scope=("admin",)), "accounts:read accounts:write admin", 201),
    ],
)
def test_a_fault_at_the_token_endpoint_gives_a_token_of_other_scopes(bank, fault, scope, status):
    fields = {"grant_type": "client_credentials", "client_id": "desk", "client_secret": "s3"}
    asked = request("POST", "/oauth/token", fields)
    reply = apply_all(handled(bank, asked, commit=False), [fault], asked.draw, kind="rest")
    take_on(reply)
    given = value(reply)
    assert given["scope"] == scope
    made = ask(bank, "POST", "/accounts", {}, headers=bearer(given["access_token"]))
    assert made.status == status
    assert made.access.had == tuple(scope.split())


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("auth: {}", "one or more of `tokens`, `jwt`, `keys`"),
        ("auth: {keys: {accepted: {}}}", "must not be empty"),
        ("auth: {keys: {accepted: {k: 'a b'}}}", "a b"),
        ("auth: {jwt: {algorithm: HS256, issuer: x}}", "HS256 needs a `secret`"),
        ("auth: {jwt: {algorithm: none, issuer: x}}", "HS256"),
        ("auth: {realm: 'a\"b', keys: {accepted: {k: []}}}", "realm"),
        ("", "scopes need `auth`"),
    ],
)
def test_mistakes_are_found_before_anything_runs(tmp_path, part, message):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, f"service: rest\n{part}\nroutes: {{GET /a: {{scopes: a, reply: {{}}}}}}")
    assert message in str(caught.value)


def test_a_route_cannot_stand_where_tokens_are_given(tmp_path):
    with pytest.raises(SuiteError, match="this is answered by `auth`"):
        load(tmp_path, BANK + "  POST /oauth/token: {reply: {}}\n")
    with pytest.raises(SuiteError, match="keep one of the two"):
        load(tmp_path, BANK + "  GET /x: {public: true, scopes: a, reply: {}}\n")
