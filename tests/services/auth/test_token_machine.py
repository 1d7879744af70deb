"""The token service against a plain model: which token is good when, and for what."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from tests.services.asking import ask, load, value
from tests.services.auth.bank import BANK, ROTATING, SECOND, bearer, form

SECRETS = {"desk": "s3", "kiosk": "s4"}
ALLOWED = {"desk": {"accounts:read", "accounts:write"}, "kiosk": {"accounts:read"}}


def templates():
    with TemporaryDirectory() as folder:
        for name, text in (("plain", BANK), ("rotating", ROTATING)):
            yield name, load(Path(folder), text)


TEMPLATES = dict(templates())


class TokenMachine(RuleBasedStateMachine):
    """Tokens are known by their text to the model, as to their bearers."""

    rotating = False
    access = Bundle("access")
    refresh = Bundle("refresh")

    def __init__(self):
        super().__init__()
        self.service = TEMPLATES["rotating" if self.rotating else "plain"].fresh()
        self.now = 0
        self.calls = 0
        self.until = {}
        self.scopes = {}
        self.clients = {}

    def asked(self, client, commit, **fields):
        self.calls += 1
        return form(
            self.service,
            at=self.now,
            draw=str(self.calls),
            commit=commit,
            client_id=client,
            client_secret=SECRETS[client],
            **fields,
        )

    def learn(self, reply, client, scopes, commit):
        given = value(reply)
        assert set(given["scope"].split()) == scopes
        for token, lifetime in ((given["access_token"], 600), (given["refresh_token"], 3600)):
            if token not in self.until and commit:
                self.until[token] = self.now + lifetime * SECOND
                self.scopes[token] = scopes
                self.clients[token] = client
        return given

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds):
        self.now += seconds * SECOND

    @rule(
        target=access,
        client=st.sampled_from(sorted(SECRETS)),
        scopes=st.none() | st.sets(st.sampled_from(sorted(ALLOWED["desk"])), min_size=1),
        commit=st.booleans(),
    )
    def client_credentials(self, client, scopes, commit):
        fields = {} if scopes is None else {"scope": " ".join(sorted(scopes))}
        reply = self.asked(client, commit, grant_type="client_credentials", **fields)
        wanted = ALLOWED[client] if scopes is None else scopes
        if not wanted <= ALLOWED[client]:
            assert value(reply)["error"] == "invalid_scope"
            return multiple()
        return self.learn(reply, client, wanted, commit)["access_token"]

    @rule(target=refresh, client=st.sampled_from(sorted(SECRETS)))
    def a_refresh_token(self, client):
        reply = self.asked(client, True, grant_type="client_credentials")
        return self.learn(reply, client, ALLOWED[client], True)["refresh_token"]

    @rule(
        target=access,
        token=refresh,
        client=st.sampled_from(sorted(SECRETS)),
        commit=st.booleans(),
    )
    def refreshed(self, token, client, commit):
        good = self.clients.get(token) == client and self.now < self.until[token]
        reply = self.asked(client, commit, grant_type="refresh_token", refresh_token=token)
        assert reply.status == (200 if good else 400)
        if not good:
            return multiple()
        if self.rotating and commit:
            self.until[token] = 0
        return self.learn(reply, client, self.scopes[token], commit)["access_token"]

    @rule(token=access | refresh)
    def used(self, token):
        good = token in self.until and self.now < self.until[token] and token.startswith("at_")
        for method, path, needed in (
            ("GET", "/accounts/a-1", {"accounts:read"}),
            ("POST", "/accounts", {"accounts:read", "accounts:write"}),
        ):
            self.calls += 1
            reply = ask(
                self.service,
                method,
                path,
                {},
                headers=bearer(token),
                at=self.now,
                draw=str(self.calls),
            )
            success = 200 if method == "GET" else 201
            expected = (success if needed <= self.scopes[token] else 403) if good else 401
            assert reply.status == expected

    @rule(token=consumes(access))
    def forgotten(self, token):
        """The bearer loses it; that changes nothing."""


class RotatingMachine(TokenMachine):
    rotating = True


@pytest.mark.parametrize("machine", [TokenMachine, RotatingMachine])
def test_tokens(machine):
    from hypothesis.stateful import run_state_machine_as_test

    limits = settings(max_examples=40, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(machine, settings=limits)
