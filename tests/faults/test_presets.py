"""What clients see of presets, written as in a suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Rule, Schedule
from evalkit.journal.records import EffectCommitted
from evalkit.journal.writer import Journal
from evalkit.suite.model import Scenario
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import load

PAYMENTS = """
service: rest
routes:
  POST /charges: {effect: {name: charge, key: body.id}, reply: {status: 201, json: {}}}
"""
SEEN: dict[str, tuple[list[Any], int]] = {
    # what each of two attempts meets, and how many effects there are in the end
    "mock/down": (["ConnectError", "ConnectError"], 0),
    "mock/rate-limited": ([(429, "2"), (201, None)], 1),
    "mock/commit-then-lost": (["ReadError", (201, None)], 2),
    "mock/commits-twice": ([(201, None)], 2),
    "mock/fails-once": ([(503, None), (201, None)], 1),
}


@pytest.mark.parametrize("preset", SEEN)
def test_a_client_meets_what_a_preset_says(tmp_path: Path, preset: str) -> None:
    attempts, effects = SEEN[preset]
    (written,) = Scenario.model_validate({"faults": [preset]}).faults
    rule = Rule.parse(0, written.at, written.when, written.injected)
    journal = Journal()
    world = World(seed=0, journal=journal)
    schedule = Schedule(rules=(rule,), seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    world.serve("mock.evalkit.test", ServiceEndpoint(load(tmp_path, PAYMENTS).fresh(), desk))

    async def main() -> list[Any]:
        CALLER.set(Caller(session="s", turn=1))
        seen: list[Any] = []
        async with httpx2.AsyncClient(base_url="http://mock.evalkit.test") as client:
            for _ in attempts:
                try:
                    response = await client.post("/charges", json={"id": "c-1"})
                    seen.append((response.status_code, response.headers.get("retry-after")))
                except httpx2.HTTPError as error:
                    seen.append(type(error).__name__)
        return seen

    assert world.run(main()) == attempts
    assert sum(isinstance(each, EffectCommitted) for each in journal.records) == effects
