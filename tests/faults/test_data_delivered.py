"""What clients see of the faults of data, through the whole of a world."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import httpx2
import pytest

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import FAULTS, Rule, Schedule, When
from evalkit.faults.data import DataFault
from evalkit.journal.records import CallEnded, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import load

NAMES = [name for name, fault in FAULTS.items() if issubclass(fault, DataFault)]
SHOP = """
service: rest
routes:
  GET /orders/{id}:
    reply:
      json: {id: "{{ path.id }}", name: Ada L, lines: [{sku: x1}, {sku: x2}], at: "2026-01-05"}
"""


async def by_httpx2(paths: list[str]) -> list[Any]:
    async with httpx2.AsyncClient(base_url="http://mock.evalkit.test") as client:
        return [(await client.get(path)).json() for path in paths]


async def by_aiohttp(paths: list[str]) -> list[Any]:
    async with aiohttp.ClientSession("http://mock.evalkit.test") as client:
        found = []
        for path in paths:
            async with client.get(path) as response:
                found.append(json.loads(await response.read()))
        return found


def seen(tmp_path, client, name, paths):
    """What the client reads, and the records of the journal."""
    journal = Journal()
    world = World(seed=0, starts_at="2026-01-05T09:00:00Z", journal=journal)
    value = "1d" if name == "stale" else True
    rule = Rule.parse(0, "mock", When(), (FAULTS[name].model_validate({name: value}),))
    schedule = Schedule(rules=(rule,), seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    world.serve("mock.evalkit.test", ServiceEndpoint(load(tmp_path, SHOP).fresh(), desk))

    async def main():
        CALLER.set(Caller(session="s", turn=1))
        return await client(paths)

    return world.run(main()), journal.records


@pytest.mark.parametrize("client", [by_httpx2, by_aiohttp])
@pytest.mark.parametrize("name", NAMES)
def test_a_client_gets_a_whole_reply_with_other_data_and_the_fault_is_delivered(
    tmp_path, client, name
):
    (value,), records = seen(tmp_path, client, name, ["/orders/a1"])
    sound = {"id": "a1", "name": "Ada L", "lines": [{"sku": "x1"}, {"sku": "x2"}]}
    assert value != {**sound, "at": "2026-01-05"}
    stages = [each.stage for each in records if isinstance(each, FaultMoved)]
    assert stages == [Stage.SCHEDULED, Stage.FIRED, Stage.DELIVERED]
    (ended,) = [each for each in records if isinstance(each, CallEnded)]
    assert (ended.status, ended.failed) == (200, False)


def test_swapped_gives_what_the_session_asked_for_before(tmp_path):
    (_, second), _ = seen(tmp_path, by_httpx2, "swapped", ["/orders/a1", "/orders/b2"])
    assert second["id"] == "a1"
