"""A simulated world in a test: its services, and all that happened in it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from evalkit.agents import Reply
from evalkit.engine.filling import Filling
from evalkit.engine.hosts import declared_hosts, host_of
from evalkit.errors import UsageError
from evalkit.services.base import Runs
from evalkit.testing.rules import GivenRule, read_rules
from evalkit.testing.sessions import FIRST, Speaker
from evalkit.testing.setting import Setting
from evalkit.testing.witness import Witness
from evalkit.units import parse_duration
from evalkit.world.clock import NS
from evalkit.world.held import HeldWorld

T = TypeVar("T")


class World(Witness):
    """A world while a test runs in it. It is made by `evalkit.testing.world` and by the `world`
    fixture, and what it knows can still be asked for when it is over.
    """

    def __init__(self, setting: Setting, held: HeldWorld) -> None:
        super().__init__(setting, held.clock)
        self.held = held
        held.journal = self._journal
        self._hosts: list[str] = []
        self._leaving = asyncio.Event()
        self._host: asyncio.Task[None] | None = None
        self._over: int | None = None

    # What is there -----------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Nanoseconds of world time since the world began."""
        return self.held.clock.now if self._over is None else self._over

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.now / NS

    # What happens ------------------------------------------------------------------------------

    async def turn(
        self,
        agent: Speaker,
        text: str,
        *,
        session: str = FIRST,
        vars: Mapping[str, Any] | None = None,  # noqa: A002
        plan: Sequence[Mapping[str, Any]] = (),
        deadline: str | int = "2min",
    ) -> Reply:
        """Hand a turn to an agent (an async function of the turn, or an object with `reply`).

        `session` is a conversation of its own, with its own calls, attempts and randomness; `vars`
        and `plan` are those of its record, and count when it begins. `deadline` is a duration, or
        nanoseconds, of world time.

        Raises what the agent raises, `evalkit.agents.AgentFailed` where its reply is none, and
        `TimeoutError` after the deadline.
        """
        limit = parse_duration(deadline) if isinstance(deadline, str) else deadline
        self._sessions.begin(session, vars, plan)
        return await self._sessions.turn(agent, text, session, limit)

    def inject(self, *rules: GivenRule) -> None:
        """Have this go wrong as well from now on. Raises `SuiteError` for mistakes in the rules."""
        schedule = self._desk.schedule
        added = read_rules(rules, list(self.setting.uses), first=len(schedule.rules))
        object.__setattr__(schedule, "rules", (*schedule.rules, *added))
        self._desk.filling = Filling(schedule.rules)
        vars(self._desk).pop("remembers", None)
        self._arriving(FIRST)

    async def settled(self) -> None:
        """Wait for what calls caused and is still to come: late effects."""
        await self._desk.settled()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the world and give back what it returns; from code that is not async.

        Raises `DeadlockError` where all of it waits for what never comes.
        """
        if asyncio._get_running_loop() is not None:
            main.close()
            raise UsageError("a world's loop is running already", hint="use await")
        return self.held.run_piece(main)

    # From its beginning to its end -------------------------------------------------------------

    async def start(self) -> None:
        """Start the services. Raises `StartError` where one cannot be."""
        self._set_environment()
        for name, template in self.setting.templates.items():
            endpoint = self._endpoint(name)
            for host in (host_of(name), *declared_hosts(template.info.hosts)):
                self.held.serve(host, endpoint)
                self._hosts.append(host)
        up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._host = asyncio.create_task(self._serve(up), name="evalkit: services of the world")
        try:
            await up
        except BaseException:
            self.leave()
            raise
        self._sessions.begin(FIRST, self.setting.vars)

    async def _serve(self, up: asyncio.Future[None]) -> None:
        """The services that have to be started, in one task from their start to their end."""
        try:
            async with AsyncExitStack() as stack:
                for each in self._endpoints:
                    if isinstance(each.service, Runs):
                        await stack.enter_async_context(each.service.running())
                up.set_result(None)
                await self._leaving.wait()
        except Exception as error:
            if up.done():
                raise
            up.set_exception(error)

    async def stop(self) -> None:
        """Stop the services, and break the connections to them."""
        self._leaving.set()
        if self._host is not None:
            await asyncio.wait({self._host})
        self.held.network.end()
        for _ in range(2):
            await asyncio.sleep(0)
        self.leave()

    def leave(self) -> None:
        """Be over: nothing is served any more, and the environment is as it was before."""
        if self._over is not None:
            return
        self._over = self.held.clock.now
        for host in self._hosts:
            self.held.network.remove(host)
        self._restore_environment()

    def _arriving(self, session: str) -> None:
        """Arm the connect faults of a session: it must not find an open connection."""
        for endpoint in self._endpoints:
            if endpoint.refuses(session):
                self.held.network.close_idle(endpoint)
