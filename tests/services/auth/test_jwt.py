import json

import jwt
import pytest

from tests.services.asking import ask, header, load, value
from tests.services.auth.bank import SECOND, bearer, token

ISSUER = "https://id.bank.example"
SECRET = "0123456789abcdef0123456789abcdef"
START = 1_767_603_600

PARTS = {
    "HS256": f"{{algorithm: HS256, issuer: '{ISSUER}', audience: bank, secret: {SECRET}}}",
    "RS256": f"{{algorithm: RS256, issuer: '{ISSUER}', audience: bank}}",
    "ES256": f"{{algorithm: ES256, issuer: '{ISSUER}', audience: bank}}",
}
IDENTITY = """
service: rest
auth:
  jwt: JWT
  tokens: {lifetime: 10min, clients: {desk: {secret: s3, scopes: [accounts:read]}}}
routes:
  GET /me: {reply: {json: {}}, scopes: accounts:read}
  POST /me: {reply: {json: {}}, scopes: accounts:write}
"""
RESOURCE = """
service: rest
auth: {jwt: JWT}
routes:
  GET /accounts: {reply: {json: []}, scopes: accounts:read}
"""


@pytest.fixture(scope="module", params=PARTS)
def algorithm(request):
    return request.param


@pytest.fixture(scope="module")
def templates(algorithm, tmp_path_factory):
    return [
        load(tmp_path_factory.mktemp("jwt"), text.replace("JWT", PARTS[algorithm]))
        for text in (IDENTITY, RESOURCE)
    ]


@pytest.fixture
def services(templates):
    return [each.fresh() for each in templates]


def key_of(identity, algorithm):
    if algorithm == "HS256":
        return SECRET
    keys = value(ask(identity, "GET", "/.well-known/jwks.json"))
    return jwt.PyJWKSet.from_dict(keys).keys[0]


def test_an_agent_can_verify_a_token_with_the_published_key(services, algorithm):
    given = value(token(services[0], at=90 * SECOND))["access_token"]
    claims = jwt.decode(
        given,
        key_of(services[0], algorithm),
        algorithms=[algorithm],
        audience="bank",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["iat"], claims["exp"]) == (START + 90, START + 690)
    assert (claims["sub"], claims["scope"]) == ("desk", "accounts:read")


def test_the_same_claims_give_the_same_token(templates):
    tokens = {value(token(templates[0].fresh()))["access_token"] for _ in range(3)}
    assert len(tokens) == 1


def test_another_service_that_trusts_the_issuer_takes_the_token(services):
    given = value(token(services[0]))["access_token"]
    for service, path in zip(services, ("/me", "/accounts"), strict=True):
        assert ask(service, "GET", path, headers=bearer(given), at=600 * SECOND - 1).status == 200
        late = ask(service, "GET", path, headers=bearer(given), at=600 * SECOND)
        assert "The access token expired" in header(late, "www-authenticate")
    assert ask(services[0], "POST", "/me", headers=bearer(given)).status == 403


@pytest.mark.parametrize(
    ("name", "claim"), [("iss", "https://other.example"), ("aud", "crm"), ("exp", None)]
)
def test_claims_that_do_not_fit_are_refused(tmp_path, name, claim):
    accounts = load(tmp_path, RESOURCE.replace("JWT", PARTS["HS256"])).fresh()
    claims = {"iss": ISSUER, "aud": "bank", "exp": START + 600, "scope": "accounts:read"}
    good = jwt.encode(claims, SECRET, "HS256")
    assert ask(accounts, "GET", "/accounts", headers=bearer(good)).status == 200
    claims = {**claims, name: claim} if claim else {k: v for k, v in claims.items() if k != name}
    wrong = jwt.encode(claims, SECRET, "HS256")
    assert ask(accounts, "GET", "/accounts", headers=bearer(wrong)).status == 401


@pytest.mark.parametrize(
    "change", [lambda t: t[:-4] + "AAAA", lambda t: t + "x", lambda t: "a.b.c"]
)
def test_a_token_that_was_changed_is_refused(services, change):
    given = value(token(services[0]))["access_token"]
    assert ask(services[1], "GET", "/accounts", headers=bearer(change(given))).status == 401


def test_a_token_without_a_signature_is_refused(services):
    claims = {"iss": ISSUER, "aud": "bank", "exp": START + 600, "scope": "accounts:read"}
    bare = jwt.encode(claims, None, "none")
    assert ask(services[1], "GET", "/accounts", headers=bearer(bare)).status == 401


def test_the_published_keys_hold_nothing_private(services, algorithm):
    reply = ask(services[0], "GET", "/.well-known/jwks.json")
    if algorithm == "HS256":
        assert reply.status == 404
        return
    (key,) = value(reply)["keys"]
    assert set(key) in (
        {"kty", "n", "e", "kid", "use", "alg"},
        {"kty", "crv", "x", "y", "kid", "use", "alg"},
    )
    assert key["alg"] == algorithm
    assert json.dumps(key)
