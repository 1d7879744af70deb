"""Load on one service that all sessions share: what it does to latency, and that it repeats."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.journal.records import CallEnded, CallStarted
from tests.engine.suites import Ran, run, sessions, write_suite

MS = 1_000_000

PAYMENTS = {
    "latency": "5ms",
    "capacity": {"servers": 2, "service": {"exponential": "50ms"}},
    "routes": {
        "POST /charges": {"effect": {"name": "charge"}, "reply": {"json": {}}},
        "GET /quotes": {"reply": {"json": {}}},
    },
}

AGENT = """
import asyncio
import os
import httpx
from evalkit import Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=60)
bulkhead = asyncio.Semaphore(2)

async def charge(turn: Turn, number: int) -> None:
    body = {"session": turn.session.id, "number": number}
    if turn.session.vars["bulkhead"]:
        async with bulkhead:
            await client.post("/charges", json=body)
    else:
        await client.post("/charges", json=body)

async def agent(turn: Turn) -> str:
    charges = asyncio.gather(*(charge(turn, n) for n in range(turn.session.vars["charges"])))
    if not turn.session.vars["bulkhead"]:
        await client.get("/quotes")
    await charges
    return "done"
"""


def scenario(concurrency: int, *, charges: int = 4, bulkhead: bool = False) -> dict[str, object]:
    values = {"charges": charges, "bulkhead": bulkhead}
    return {"sessions": {"items": sessions(40, vars=values), "concurrency": concurrency}}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(
        tmp_path_factory.mktemp("saturation"),
        agent=AGENT,
        rest=PAYMENTS,
        sessions={"items": sessions(1), "cell": 10},
        scenarios={
            "single": scenario(1),
            "double": scenario(2),
            "quadruple": scenario(4),
            "bulkhead": scenario(4, bulkhead=True),
            "idle": scenario(1, charges=0),
        },
    )


@pytest.fixture(scope="module")
def ran(path: Path) -> Ran:
    return run(path)


def latencies(ran: Ran, name: str, operation: str) -> list[int]:
    """The latencies of an operation's calls in a scenario, in order, in milliseconds."""
    ((_, result),) = [each for each in ran.results.items() if each[0][0] == name]
    started = {
        (each.session, each.call): each.at
        for each in result.records
        if isinstance(each, CallStarted) and each.operation == operation
    }
    return sorted(
        (each.at - started[each.session, each.call]) // MS
        for each in result.records
        if isinstance(each, CallEnded) and (each.session, each.call) in started
    )


def p99(found: list[int]) -> int:
    return found[len(found) * 99 // 100]


def test_twice_the_concurrency_moves_the_p99_and_a_bulkhead_restores_it(ran: Ran) -> None:
    of = {
        name: p99(latencies(ran, name, "POST /charges"))
        for name in ("single", "double", "quadruple", "bulkhead")
    }
    assert of["double"] > 1.3 * of["single"]
    assert of["quadruple"] > 1.3 * of["double"]
    assert of["bulkhead"] <= of["single"]


def test_one_integration_starves_another_through_the_service_that_both_use(ran: Ran) -> None:
    alone, beside = (latencies(ran, name, "GET /quotes") for name in ("idle", "quadruple"))
    assert len(alone) == len(beside) == 40
    assert beside[20] > 3 * alone[20]


def test_the_sessions_share_one_world_and_it_repeats(ran: Ran, path: Path) -> None:
    again = run(path)
    assert [index for _, index in ran.results] == [0] * len(ran.results)
    assert ran.digests == again.digests
