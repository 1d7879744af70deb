"""A definition that asks who calls, for the tests of this folder."""

from urllib.parse import urlencode

from tests.services.asking import handled, request

SECOND = 1_000_000_000

BANK = """
service: rest
latency: 10ms
auth:
  realm: bank
  tokens:
    lifetime: 10min
    refresh: 1h
    clients:
      desk: {secret: s3, scopes: [accounts:read, accounts:write]}
      kiosk: {secret: s4, scopes: accounts:read}
  keys: {accepted: {key-1: [accounts:read], key-2: []}}
stores: {accounts: {seed: [{id: a-1, owner: Ann}]}}
routes:
  GET /accounts/{id}: {read: accounts, scopes: accounts:read}
  POST /accounts: {create: accounts, scopes: [accounts:read, accounts:write]}
  GET /me: {reply: {json: {}}}
  GET /health: {public: true, reply: {text: ok}}
"""

ROTATING = BANK.replace("refresh: 1h", "refresh: 1h\n    rotate: true")


def form(
    service, *, at=0, draw="request", commit=True, headers=None, path="/oauth/token", **fields
):
    """The reply of the token endpoint to a form."""
    headers = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
    body = urlencode(fields).encode()
    asked = request("POST", path, body, headers=headers, at=at, draw=draw)
    return handled(service, asked, commit=commit)


def token(service, client="desk", secret="s3", **more):
    """The reply to client credentials."""
    return form(
        service, grant_type="client_credentials", client_id=client, client_secret=secret, **more
    )


def bearer(value):
    """The header that brings a token."""
    return {"Authorization": f"Bearer {value}"}
