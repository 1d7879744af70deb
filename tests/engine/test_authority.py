"""Tokens in a run: an agent that gets them, uses them, and meets faults of authority."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.journal.records import CallEnded, CallStarted, FaultMoved, Stage
from tests.engine.suites import Ran, run, sessions, write_suite

BANK = {
    "auth": {
        "jwt": {"algorithm": "ES256", "issuer": "https://api.example.com"},
        "tokens": {
            "lifetime": "5min",
            "refresh": "1h",
            "clients": {"desk": {"secret": "s3", "scopes": ["read", "write"]}},
        },
    },
    "routes": {"GET /items": {"scopes": "read", "reply": {"json": []}}},
}

AGENT = """
import asyncio
import os
import httpx
from evalkit import Turn

class Client:
    def __init__(self):
        self.http = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)
        self.tokens = {}

    async def token(self, **fields):
        known = {"client_id": "desk", "client_secret": "s3"}
        reply = await self.http.post("/oauth/token", data={**known, **fields})
        self.tokens = reply.json() if reply.status_code == 200 else {}

    async def items(self):
        headers = {"authorization": f"Bearer {self.tokens.get('access_token')}"}
        return (await self.http.get("/items", headers=headers)).status_code

async def agent(turn: Turn) -> str:
    client, said = Client(), []
    await client.token(grant_type="client_credentials")
    for minutes in (0, 1, 6):
        await asyncio.sleep(60 * minutes)
        said.append(await client.items())
        if said[-1] == 401:
            refresh = client.tokens.get("refresh_token", "")
            await client.token(grant_type="refresh_token", refresh_token=refresh)
            said.append(await client.items())
    return " ".join(map(str, said))
"""

AT_ITEMS, AT_TOKENS = "items GET /items", "items POST /oauth/token"
INJECTED: dict[str, tuple[str, dict[str, Any], Any, str]] = {
    "expired": (AT_ITEMS, {"call": 2, "attempt": 1}, "token_expired", "200 401 200 401 200"),
    "refused": (AT_TOKENS, {"first": 9}, "refresh_refused", "200 200 401 401"),
    "narrower": (AT_ITEMS, {"call": 2, "attempt": 1}, "narrower_scope", "200 403 401 200"),
    "narrow-token": (AT_TOKENS, {}, {"narrower_scope": ["read"]}, "403 403 401 403"),
    "wider": (AT_TOKENS, {"first": 1}, {"wider_scope": ["admin"]}, "200 200 401 200"),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenarios = {
        name: {"faults": [{"at": at, "when": when, "inject": inject}]}
        for name, (at, when, inject, _) in INJECTED.items()
    }
    return write_suite(
        tmp_path_factory.mktemp("authority"),
        agent=AGENT,
        rest=BANK,
        sessions={"items": sessions(1), "deadline": "20min", "turn_deadline": "20min"},
        scenarios=scenarios,
    )


@pytest.fixture(scope="module")
def ran(path: Path) -> Ran:
    return run(path, controls=False)


def only(ran: Ran, scenario: str) -> Ran:
    return Ran([], {key: each for key, each in ran.results.items() if key[0] == scenario})


@pytest.mark.parametrize("name", INJECTED)
def test_what_an_agent_meets(ran: Ran, name: str) -> None:
    found = only(ran, name)
    assert found.texts == [INJECTED[name][3]]
    assert Stage.DELIVERED in {each.stage for each in found.of(FaultMoved)}


def test_the_journal_tells_the_scopes_that_each_call_had_and_used(ran: Ran) -> None:
    found = only(ran, "wider")
    operations = {each.call: each.operation for each in found.of(CallStarted)}
    scopes = [
        (operations[each.call].split()[1], each.scopes_had, each.scopes_used)
        for each in found.of(CallEnded)
    ]
    assert scopes == [
        ("/oauth/token", ("read", "write", "admin"), ()),
        ("/items", ("read", "write", "admin"), ("read",)),
        ("/items", ("read", "write", "admin"), ("read",)),
        ("/items", None, ()),
        ("/oauth/token", ("read", "write", "admin"), ()),
        ("/items", ("read", "write", "admin"), ("read",)),
    ]


def test_signed_tokens_leave_the_digest_the_same(ran: Ran, path: Path) -> None:
    assert run(path, controls=False).digests == ran.digests
