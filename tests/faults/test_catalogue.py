"""Every fault as clients see it, through the whole of a world, and that it counts as delivered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import pytest
from pydantic import TypeAdapter

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import FAULTS, PRESETS, AnyFault, Rule, Schedule, When
from evalkit.faults.data import DataFault
from evalkit.journal.records import AnyRecord, CallEnded, EffectCommitted, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.suite.model import FaultRule
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import load

SECOND = 1_000_000_000
SHOP = """
service: rest
routes:
  GET /orders/{id}:
    reply: {json: {id: "{{ path.id }}", name: Ada L, lines: [x1, x2]}}
  POST /orders:
    effect: {name: order, key: [body.id]}
    reply: {status: 201, json: {id: "{{ body.id }}"}}
"""
WHOLE = (200, {"id": "a1", "name": "Ada L", "lines": ["x1", "x2"]})
TIMEOUT = 5


@dataclass(frozen=True)
class Seen:
    """What came of one request: what the client has, after how long, and what the journal says."""

    by_client: Any
    seconds: float
    records: tuple[AnyRecord, ...]

    @property
    def delivered(self) -> bool:
        return any(
            isinstance(each, FaultMoved) and each.stage is Stage.DELIVERED for each in self.records
        )

    @property
    def failed(self) -> bool:
        return [each.failed for each in self.records if isinstance(each, CallEnded)][-1]

    @property
    def effects(self) -> int:
        return sum(isinstance(each, EffectCommitted) for each in self.records)


async def by_httpx2(method: str, path: str, body: Any) -> Any:
    async with httpx2.AsyncClient(base_url="http://mock.evalkit.test", timeout=TIMEOUT) as client:
        response = await client.request(method, path, json=body)
        return response.status_code, json.loads(response.content)


async def by_aiohttp(method: str, path: str, body: Any) -> Any:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=TIMEOUT)
    async with (
        aiohttp.ClientSession("http://mock.evalkit.test", timeout=timeout) as client,
        client.request(method, path, json=body) as response,
    ):
        return response.status, json.loads(await response.read())


def seen(tmp_path, client, fault, *request) -> Seen:
    journal = Journal()
    world = World(seed=0, journal=journal)
    rule = Rule.parse(0, "mock", When(), (TypeAdapter(AnyFault).validate_python(fault),))
    schedule = Schedule(rules=(rule,), seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    world.serve("mock.evalkit.test", ServiceEndpoint(load(tmp_path, SHOP).fresh(), desk))

    async def main() -> tuple[Any, int]:
        CALLER.set(Caller(session="s", turn=1))
        try:
            got = await client(*request)
        except Exception as error:
            got = type(error).__name__
        took = world.clock.now
        await desk.ledger.settled()
        return got, took

    got, took = world.run(main())
    return Seen(got, took / SECOND, journal.records)


READING: dict[str, list[tuple[Any, Any, Any, float]]] = {
    # fault: how it is written, what httpx2 has, what aiohttp has, after how many seconds
    "delay": [
        ({"delay": "2s"}, WHOLE, WHOLE, 2),
        ({"delay": {"samples": ["2s"]}}, WHOLE, WHOLE, 2),
        ({"delay": {"from": "2s", "to": "9s", "over": "50 calls"}}, WHOLE, WHOLE, 2),
    ],
    "status": [({"status": 503}, *[(503, {"error": "Service Unavailable"})] * 2, 0)],
    "refused": [("refused", "ConnectError", "ClientConnectorError", 0)],
    "connect_delay": [
        ({"connect_delay": "2s"}, WHOLE, WHOLE, 2),
        ({"connect_delay": "9s"}, "ConnectTimeout", "ConnectionTimeoutError", TIMEOUT),
    ],
    "unknown_host": [("unknown_host", "ConnectError", "ClientConnectorError", 0)],
    # aiohttp asks once more by itself where a method is safe to repeat and nothing came
    "reset": [
        ("reset", "ReadError", "ClientOSError", 0),
        ({"reset": 5}, "ReadError", "ClientPayloadError", 0),
    ],
    "empty": [("empty", "RemoteProtocolError", "ServerDisconnectedError", 0)],
    "cut": [({"cut": 5}, "RemoteProtocolError", "ClientPayloadError", 0)],
    "stall": [
        ("stall", "ReadTimeout", "SocketTimeoutError", TIMEOUT),
        ({"stall": 5}, "ReadTimeout", "SocketTimeoutError", TIMEOUT),
    ],
    "malformed": [("malformed", "JSONDecodeError", "JSONDecodeError", 0)],
    "slow": [
        ({"slow": "25/s"}, WHOLE, WHOLE, 46 / 25),
        ({"slow": {"from": "25/s", "to": "1/s", "over": "1h"}}, WHOLE, WHOLE, 46 / 25),
    ],
    "drip": [({"drip": "2s", "lasts": "40s"}, WHOLE, WHOLE, 40)],
    "sliced": [({"sliced": 5, "every": "1s"}, WHOLE, WHOLE, 9)],
    "slow_close": [
        ({"slow_close": "3s"}, WHOLE, WHOLE, 3),
        ({"slow_close": "9s"}, "ReadTimeout", "SocketTimeoutError", TIMEOUT),
    ],
    "truncated": [
        ({"truncated": "50%"}, "JSONDecodeError", "JSONDecodeError", 0),
        ({"truncated": "0%"}, "JSONDecodeError", "JSONDecodeError", 0),
    ],
    "wrong_length": [
        ({"wrong_length": 9}, "RemoteProtocolError", "ClientPayloadError", 0),
        ({"wrong_length": -9}, "JSONDecodeError", "ClientResponseError", 0),
    ],
    "malformed_chunk": [("malformed_chunk", "RemoteProtocolError", "ClientResponseError", 0)],
    "garbage": [("garbage", "RemoteProtocolError", "ClientResponseError", 0)],
    "html": [({"html": 200}, "JSONDecodeError", "JSONDecodeError", 0)],
    "content_type": [({"content_type": "text/plain"}, WHOLE, WHOLE, 0)],
    "invalid_utf8": [("invalid_utf8", "UnicodeDecodeError", "UnicodeDecodeError", 0)],
    "oversize": [({"oversize": "1MB"}, WHOLE, WHOLE, 0)],
}

WRITING: dict[str, tuple[Any, Any, Any, int]] = {
    # fault: how it is written, what httpx2 has, what aiohttp has, how many effects there are
    "commit_then_lose": ("commit_then_lose", "ReadError", "ClientOSError", 1),
    "commit_twice": ("commit_twice", *[(201, {"id": "a1"})] * 2, 2),
    "commit_nothing": ("commit_nothing", *[(201, {"id": "a1"})] * 2, 0),
    "commit_late": ({"commit_late": "2s"}, *[(201, {"id": "a1"})] * 2, 1),
    "commit_reordered": ("commit_reordered", *[(201, {"id": "a1"})] * 2, 1),
}

AUTHORITY = {"token_expired", "refresh_refused", "narrower_scope", "wider_scope"}
PROTOCOL = {
    *("tool_error", "tool_gone", "tool_schema", "bad_output", "rpc_error", "rpc_malformed"),
    *("wrong_id", "duplicate_response", "no_response", "endless_progress", "session_lost"),
    "protocol_version",
}

MODEL = {
    *("call_tool", "unknown_tool", "bad_arguments", "wrong_schema", "refusal", "content_filter"),
    *("cut_short", "low_confidence", "context_overflow", "slow_tokens", "slow_first_token"),
    *("unfinished", "duplicate_chunk", "error_event", "empty_choices", "missing_usage"),
}


@pytest.mark.parametrize("client", [by_httpx2, by_aiohttp])
@pytest.mark.parametrize("case", [each for cases in READING.values() for each in cases], ids=str)
def test_a_client_that_reads_sees_the_fault(tmp_path, client, case):
    fault, *views, seconds = case
    met = seen(tmp_path, client, fault, "GET", "/orders/a1", None)
    assert met.by_client == views[client is by_aiohttp]
    assert met.seconds == pytest.approx(seconds, abs=1e-6)
    assert met.delivered
    assert met.failed == (met.by_client != WHOLE)


@pytest.mark.parametrize("client", [by_httpx2, by_aiohttp])
@pytest.mark.parametrize("case", WRITING.values(), ids=str)
def test_a_client_that_writes_sees_the_fault(tmp_path, client, case):
    fault, *views, effects = case
    met = seen(tmp_path, client, fault, "POST", "/orders", {"id": "a1"})
    assert met.by_client == views[client is by_aiohttp]
    assert met.effects == effects
    assert met.delivered


def test_every_fault_is_shown_to_clients():
    elsewhere = {name for name, fault in FAULTS.items() if issubclass(fault, DataFault)}
    elsewhere |= {name for name, fault in FAULTS.items() if fault.of_agent}
    elsewhere |= {name for name, fault in FAULTS.items() if fault.calls_back}
    # In the tests of those services, whose clients see them.
    elsewhere |= AUTHORITY | PROTOCOL | MODEL
    assert {*READING, *WRITING, *elsewhere} == set(FAULTS)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_every_preset_is_a_sound_rule(preset):
    rule = FaultRule.model_validate(preset.rule("mock"))
    assert rule.at == "mock"
    assert rule.injected
