"""A world whose loop somebody else runs, as often as they like: a test framework.

What a world replaces stays replaced from the making of its loop to the loop's end, but the thread
is in the world only while the loop runs: a framework that looks at its own clock in between sees
the real one.
"""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from evalkit.errors import EvalkitError
from evalkit.world.clock import NS, epoch_ns
from evalkit.world.loop import WorldLoop, run_to_end
from evalkit.world.world import World, running

T = TypeVar("T")

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")


class HeldLoop(WorldLoop):
    """The loop of a world that begins and ends with it."""

    world: HeldWorld

    def run_forever(self) -> None:
        """Run, inside the world."""
        with self.world.inside():
            super().run_forever()

    def close(self) -> None:
        """End the world."""
        super().close()
        self.world.ended()

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - asyncio's own name
    ) -> None:
        """Break the connections. The threads of the executor are not waited for: they may wait for
        ever, and end with the world.
        """
        del timeout
        await self.hang_up()


class HeldWorld(World):
    """A world with a loop to be had once, from `loop`, which ends the world when it is closed."""

    _kind = HeldLoop

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._stack = ExitStack()
        self._held: HeldLoop | None = None
        self.taken = False
        """Whether somebody has filled it with services, and is not through."""

    @property
    def open(self) -> bool:
        """Whether it has begun and not ended."""
        return self._held is not None and not self._held.is_closed()

    def loop(self) -> HeldLoop:
        """Begin the world: its loop. Raises `UsageError` where another world is running."""
        self._claim()
        self._stack.callback(running.release)
        platform.processor()  # asks a child process the first time; SDKs tell it in their headers
        try:
            self._stack.enter_context(_without_proxies())
            self._stack.enter_context(self._installed())
            made = self._loop(leading=True)
        except BaseException:
            self._stack.close()
            raise
        self._turns.pause()
        assert isinstance(made, HeldLoop)
        made.world = self
        self._held = made
        return made

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread is in the world for as long."""
        self._turns.resume()
        try:
            yield
        finally:
            self._turns.pause()

    def ended(self) -> None:
        """The loop was closed: put back what was replaced."""
        self._turns.resume()  # it is unwound from within
        self._stack.close()

    def close(self) -> None:
        """End what is left over in the loop, and the world with it."""
        if self._held is not None and self.open:
            run_to_end(self._held, asyncio.sleep(0))
        self.check()

    def run_piece(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and let the world go on."""
        assert self._held is not None
        result = self._held.run_until_complete(main)
        self.check()
        return result

    def check(self) -> None:
        """Raise `EvalkitError` where an endpoint of the world crashed: a mistake of evalkit's."""
        if self.network.crashes:
            crash = self.network.crashes.pop(0)
            raise EvalkitError("an endpoint of the world crashed") from crash

    def rewind(self, seed: int, starts_at: str) -> None:
        """Set the clock back to the start and draw from the start, with all that is under way: what
        follows is then as it would be in a world of its own.
        """
        assert self._held is not None
        passed, self.clock.now = self.clock.now, 0
        self.clock.starts_at = epoch_ns(starts_at)
        self._held.set_back(passed / NS)
        self._turns.shift(passed)
        self._chance.restart(seed)


@contextmanager
def _without_proxies() -> Iterator[None]:
    """No proxy of the machine's stands between an agent and its services."""
    found = {each: os.environ.pop(each) for each in list(os.environ) if each.lower() in _PROXIES}
    try:
        yield
    finally:
        os.environ.update(found)
