"""Clients that mean harm, in front of a service that is matched, kept and journaled."""

from __future__ import annotations

import asyncio
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Schedule
from evalkit.journal.writer import Journal
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import load
from tests.world.endpoints import HOST
from tests.world.test_hostile import ATTACKS, MB, neighbour

SHOP = """
service: rest
latency: 100ms
stores: {things: {per: world}}
routes:
  GET /: {reply: {json: {fine: true}}}
  POST /: {create: things}
"""
KINDS = (
    "headers byte by byte",
    "a head that never ends",
    "a body larger than any",
    "chunks of one byte without end",
    "a chunk that is none",
    "a hundred thousand requests at once",
)


@pytest.mark.parametrize("name", KINDS)
def test_an_attack_neither_breaks_a_service_nor_starves_its_neighbours(
    tmp_path: Path, name: str
) -> None:
    attack, answer = ATTACKS[name]
    journal = Journal()
    world = World(seed=0, journal=journal)
    schedule = Schedule(rules=(), seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    world.serve(HOST, ServiceEndpoint(load(tmp_path, SHOP).fresh(), desk))

    async def main() -> tuple[Any, list[float], list[float]]:
        CALLER.set(Caller(session="s", turn=1))
        async with httpx.AsyncClient(base_url=f"http://{HOST}") as client:
            got, beside = await asyncio.gather(attack(), neighbour(client))
            return got, beside, await neighbour(client)

    tracemalloc.start()
    try:
        got, beside, after = world.run(main())
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert got == answer
    assert beside == after == [0.1] * 10
    assert most < 400 * MB
    assert len(journal.records) < 1000
