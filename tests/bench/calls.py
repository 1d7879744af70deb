"""CPU per call of one httpx agent: in the world, and against aiohttp on a loopback socket.

Each side counts client and service alike, with no delay. The world does what it does in a run: it
identifies, schedules and journals every call, collects garbage between sessions only, and takes the
digest of the journal at the end. All of that is in its figure.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path

import httpx
from aiohttp import web

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Schedule
from evalkit.journal.digest import digest
from evalkit.journal.writer import Journal
from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World

CALLS, WARM_UP, ROUNDS = 500, 50, 20
DEFINITION = """
service: rest
hosts: [http://items.test]
routes:
  GET /items/{id}:
    reply: {json: {id: "{{ path.id }}", owner: "{{ session.id }}"}}
"""


async def agent(base: str, at_a_time: int) -> float:
    """Make all calls; CPU microseconds per call."""
    limits = httpx.Limits(max_connections=at_a_time, max_keepalive_connections=at_a_time)
    async with httpx.AsyncClient(base_url=base, limits=limits, trust_env=False) as client:

        async def one_after_another(numbers: range) -> None:
            for number in numbers:
                response = await client.get(f"/items/{number}")
                assert response.json()["id"] == str(number)

        await one_after_another(range(WARM_UP))
        began = time.process_time()
        ranges = (range(first, CALLS, at_a_time) for first in range(at_a_time))
        await asyncio.gather(*(one_after_another(each) for each in ranges))
        return (time.process_time() - began) / CALLS * 1e6


class InWorld:
    """The agent in the world, in front of a service of evalkit's."""

    def __init__(self, folder: Path) -> None:
        (folder / "items.yaml").write_text(DEFINITION)
        self._template = load_service("items", ServiceUse(use="items.yaml"), folder)

    def __call__(self, at_a_time: int) -> float:
        journal = Journal()
        world = World(journal=journal)
        schedule = Schedule(rules=(), seed=0, scenario="plain")
        desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
        world.serve("items.test", ServiceEndpoint(self._template.fresh(), desk))

        async def session() -> float:
            CALLER.set(Caller(session="s", turn=1))
            return await agent("http://items.test", at_a_time)

        gc.collect()
        gc.disable()
        took = world.run(session())
        began = time.process_time()
        gc.enable()
        gc.collect(1)  # as after most sessions of a cell
        digest(journal.records)
        return took + (time.process_time() - began) / (CALLS + WARM_UP) * 1e6


def on_loopback(at_a_time: int) -> float:
    """The agent in front of a bare aiohttp server in the same process."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["id"], "owner": "s"})

    async def serve() -> float:
        app = web.Application()
        app.router.add_get("/items/{id}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await (site := web.TCPSite(runner, "127.0.0.1", 0)).start()
            assert site._server is not None
            port = site._server.sockets[0].getsockname()[1]
            return await agent(f"http://127.0.0.1:{port}", at_a_time)
        finally:
            await runner.cleanup()

    return asyncio.run(serve())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        in_world = InWorld(Path(folder))
        print(
            f"CPU µs per call over pooled connections, the best of {ROUNDS} rounds of {CALLS} calls"
        )
        for name, at_a_time in (("one at a time", 1), ("20 at a time", 20)):
            # In turns, so that a busy machine weighs on both alike.
            rounds = [(in_world(at_a_time), on_loopback(at_a_time)) for _ in range(ROUNDS)]
            world, loopback = map(min, zip(*rounds, strict=True))
            print(
                f"{name:14} world {world:6.0f}  loopback {loopback:6.0f}  "
                f"ratio {world / loopback:.2f}"
            )


if __name__ == "__main__":
    main()
