"""Every fault over real sockets, as Python's clients and Node's fetch see it: all of it in one live
world, each case and client at a port of their own.

Whatever is sound HTTP has to reach each client as it reaches one in simulation, byte for byte.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import TypeAlias

import pytest

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import FAULTS
from evalkit.live.attribution import Attribution
from evalkit.live.door import Entrance
from evalkit.live.world import LiveWorld
from tests.live.catalogue import BREAKING, CALLER_, SAYING, Case, served, told, under_way
from tests.live.clients import Ask, Client, Got, clients
from tests.live.meeting import Met, met_in_simulation

CASES = {each.id: each for each in (*BREAKING, *SAYING)}
NAMES = ("httpx2", "aiohttp", "requests", "node")
AT_ONCE = 16
CREATED = re.compile(rb'"created":\d+,')
NOWHERE = ("",) * len(NAMES)
# Which of them depends on whether the client has written its request by then.
GONE = "ECONNRESET|UND_ERR_SOCKET|EPIPE"
BROKE = "ReadError|WriteError|ConnectError"
RESET = "ClientOSError|ClientConnectionResetError|ServerDisconnectedError"
CLOSED = "RemoteProtocolError"
TIMED_OUT = ("ReadTimeout", "SocketTimeoutError", "ReadTimeout", "TimeoutError")
IN_BODY = ("ReadTimeout", "SocketTimeoutError", "ConnectionError", "TimeoutError")
Serving: TypeAlias = tuple[ServiceEndpoint, Desk, Ask]


async def met_live(world: LiveWorld, serving: Serving, client: Client) -> Met:
    endpoint, desk, ask = serving
    attribution = Attribution()
    entrance = Entrance(
        endpoint=endpoint,
        attribution=attribution,
        lives=world.lives,
        own=world.meter.own,
    )
    with attribution.turn(CALLER_):
        port = await world.network.listen(entrance)
        began = time.monotonic()
        got = await client(f"http://127.0.0.1:{port}", ask)
        took = time.monotonic() - began
        while under_way(desk.journal):
            await asyncio.sleep(0.001)
        await desk.settled()
    return Met(got, took, told(desk.journal))


@pytest.fixture(scope="module")
def simulated() -> Mapping[str, Met]:
    """All that a client met in simulation, by case."""
    return {each.id: met_in_simulation(each) for each in CASES.values()}


@pytest.fixture(scope="module")
def live() -> Mapping[tuple[str, str], Met]:
    """All that each client met, by case and client."""
    world = LiveWorld()
    found: dict[tuple[str, str], Met] = {}
    # Services that have to be asked something first are asked outside the loop.
    servings = {
        (each.id, name): served(each, world.clock) for each in CASES.values() for name in NAMES
    }

    async def main() -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(key: tuple[str, str], client: Client) -> None:
            async with room:
                found[key] = await met_live(world, servings[key], client)

        async with clients() as known, asyncio.TaskGroup() as group:
            for case, name in servings:
                if name in known:
                    group.create_task(one((case, name), known[name]))

    world.run(main())
    return found


BROKEN: Mapping[str, tuple[str, str, str, str]] = {
    # What httpx2, aiohttp, requests and Node's fetch call it; "" where they take it for a reply. A
    # kernel has accepted a connection before anybody is asked: one that is to be refused, or leads
    # nowhere, is reset then, and one that is to be slow is silent.
    "refused": (BROKE, RESET, "ConnectionError", GONE),
    "unknown_host": (BROKE, RESET, "ConnectionError", GONE),
    "{'connect_delay': '1min'} 0.3s": TIMED_OUT,
    # aiohttp asks once more by itself where a method is safe to repeat and nothing came.
    "reset": (BROKE, RESET, "ConnectionError", GONE),
    "{'reset': 5}": (
        "ReadError",
        "ClientPayloadError",
        "ChunkedEncodingError|ConnectionError",
        GONE,
    ),
    "empty": (CLOSED, "ServerDisconnectedError", "ConnectionError", GONE),
    "{'cut': 5}": (CLOSED, "ClientPayloadError", "ChunkedEncodingError", GONE),
    "stall 0.3s": TIMED_OUT,
    "{'stall': 5} 0.3s": IN_BODY,
    "{'slow_close': '1min'} 0.3s": IN_BODY,
    "{'wrong_length': 9}": (
        *(CLOSED, "ClientPayloadError"),
        *("ChunkedEncodingError", GONE),
    ),
    "{'wrong_length': -9}": ("", "ClientResponseError", "", ""),
    "malformed_chunk": (
        *(CLOSED, "ClientResponseError"),
        *("ChunkedEncodingError", "HPE_INVALID_CHUNK_SIZE"),
    ),
    "garbage": (CLOSED, "ClientResponseError", "ConnectionError", "HPE_INVALID_CONSTANT"),
    "{'endless_progress': '10ms', 'count': 5} 0.3s": IN_BODY,
    "commit_then_lose": (BROKE, RESET, "ConnectionError", GONE),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_seen_over_sockets_as_in_simulation(
    live: Mapping[tuple[str, str], Met], simulated: Mapping[str, Met], case: Case, name: str
) -> None:
    if (met := live.get((case.id, name))) is None:
        pytest.skip("there is no node here")
    there = simulated[case.id]
    if expected := BROKEN.get(case.id, NOWHERE)[NAMES.index(name)]:
        assert met.got in expected.split("|")
    else:
        assert _timeless(met.got) == _timeless(there.got)
    assert met.seconds >= case.later
    assert met.told.delivered
    assert (met.told.failed, met.told.effects) == (there.told.failed, there.told.effects)


def _timeless(got: Got) -> Got:
    """What it got, but for the second at which it did."""
    return got if isinstance(got, str) else (got[0], CREATED.sub(b"", got[1]))


def test_every_fault_that_clients_see_is_among_them() -> None:
    of_agents = {name for name, each in FAULTS.items() if each.of_agent or each.calls_back}
    assert {each.name for each in CASES.values()} == set(FAULTS) - of_agents
    assert set(CASES) >= set(BROKEN)
