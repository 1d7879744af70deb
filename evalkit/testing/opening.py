"""Opens a world for a test: around a block of code, in whichever way the test is written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from contextvars import Token
from types import TracebackType
from typing import Any

from evalkit.errors import UsageError
from evalkit.testing.definitions import Definition
from evalkit.testing.rules import GivenRule
from evalkit.testing.setting import Setting, read_setting
from evalkit.testing.world import World
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.held import HeldLoop, HeldWorld

_HINT = (
    "mark the test with @pytest.mark.evalkit, which runs it on a world's event loop; or, where "
    "there is no loop yet, use `with evalkit.testing.world(...) as world: world.run(...)`"
)


def world(
    services: Mapping[str, Definition] | None = None,
    *,
    suite: str | os.PathLike[str] | None = None,
    faults: Iterable[GivenRule] = (),
    seed: int | None = None,
    starts_at: str | None = None,
    env: Mapping[str, str] | None = None,
    vars: Mapping[str, Any] | None = None,  # noqa: A002
    folder: str | os.PathLike[str] | None = None,
) -> Opening:
    """A simulated world with these services, to be opened with `with` or `async with`.

        with evalkit.testing.world({"crm": "mocks/crm.yaml"}, faults=["crm/flaky"]) as world:
            reply = world.run(world.turn(agent, "hello"))

        async with evalkit.testing.world({"crm": "mocks/crm.yaml"}) as world:
            reply = await world.turn(agent, "hello")

    The second form is for tests that run on a world's event loop already (`@pytest.mark.evalkit`);
    the world begins at time zero each time, so that examples of `@given` do not depend on each
    other.

    `services` are paths of definitions, definitions as mappings (with `service`, and a model's
    `script` beside it), uses as in a suite (with `use`), or classes. `suite` is the path of a suite
    whose services, environment, seed and start are taken. `faults` are rules as in a suite. `env`
    is set as long as the world is open, and may hold `{{ services.NAME.url }}`. `vars` are the
    variables of the test's own session. Relative paths begin at `folder`, or at the suite.

    Raises `SuiteError` with all mistakes in what was given, and `UsageError`.
    """
    return Opening(
        read_setting(
            services=services,
            suite=suite,
            faults=faults,
            seed=seed,
            starts_at=starts_at,
            env=env,
            vars=vars,
            folder=folder,
        )
    )


class Opening:
    """A world that can be opened, once at a time."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._stack: ExitStack | None = None
        self._world: World | None = None
        self._token: Token[Caller | None] | None = None

    # In code that is not asynchronous ----------------------------------------------------------

    def __enter__(self) -> World:
        held = HeldWorld(seed=self.setting.seed, starts_at=self.setting.starts_at)
        with ExitStack() as stack:
            held.loop()
            stack.callback(held.close)
            world = World(self.setting, held)
            held.run_piece(world.start())
            stack.callback(_stopped, held, world)
            self._begin(world)
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return world

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stack, self._stack = self._stack, None
        assert stack is not None
        stack.__exit__(kind, error, trace)

    # On the loop of a world --------------------------------------------------------------------

    async def __aenter__(self) -> World:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, HeldLoop):
            raise UsageError("this event loop is not that of a world", hint=_HINT)
        if loop.world.taken:
            raise UsageError("a world is open on this event loop already", hint="close it first")
        loop.world.taken = True
        try:
            loop.world.rewind(self.setting.seed, self.setting.starts_at)
            self._world = World(self.setting, loop.world)
            await self._world.start()
        except BaseException:
            loop.world.taken = False
            raise
        self._begin(self._world)
        return self._world

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        world, self._world = self._world, None
        assert world is not None
        self._end()
        try:
            await world.stop()
        finally:
            world.held.taken = False

    def _begin(self, world: World) -> None:
        self._token = CALLER.set(world.caller)

    def _end(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            CALLER.reset(token)


def _stopped(held: HeldWorld, world: World) -> None:
    """Stop a world whose loop may be closed by now: a framework that runs it may have done so."""
    if held.open:
        held.run_piece(world.stop())
    else:
        world.leave()


def open_on(held: HeldWorld, setting: Setting) -> tuple[World, ExitStack]:
    """A world on a loop that somebody else runs, and how it is closed again."""
    opening = Opening(setting)
    held.taken = True
    with ExitStack() as stack:
        world = World(setting, held)
        held.run_piece(world.start())
        stack.callback(_stopped, held, world)
        opening._begin(world)
        stack.callback(opening._end)
        return world, stack.pop_all()
