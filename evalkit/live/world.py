"""One live world: a real clock, a loop, and a network on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from evalkit.errors import EvalkitError
from evalkit.journal.records import Finding, Severity
from evalkit.journal.writer import Journal
from evalkit.live.attribution import Attribution
from evalkit.live.clock import LiveClock
from evalkit.live.door import Lives
from evalkit.live.loop import live_loop
from evalkit.live.meter import LIMIT, Fidelity, Meter
from evalkit.live.network import LOOPBACK, LoopbackNetwork
from evalkit.wire import Caller
from evalkit.world.world import EGRESS

T = TypeVar("T")

_ENDING = (signal.SIGTERM, signal.SIGINT)
_ROUNDS = 4  # a handle of uvloop's is closed a round after it is asked to
_GRACE = 15.0  # real seconds in which what was cut short has to close


class LiveWorld:
    """Runs once, in the main thread of its process. `late` is what makes it a bottleneck, in
    nanoseconds; `meter` is to be started when it matters.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        journal: Journal | None = None,
        host: str = LOOPBACK,
        late: int = LIMIT,
    ):
        self.clock = LiveClock()
        self.journal = Journal() if journal is None else journal
        self.network = LoopbackNetwork(self.clock, host)
        self.attribution = Attribution(seed)
        self.lives = Lives()
        self.meter = Meter(self.clock, late)
        self.stopped = False
        """Whether it was asked to end before it was through."""

    def run(self, main: Coroutine[Any, Any, T], *, fast: bool = True) -> T | None:
        """Run `main` and give back what it returns; None where SIGTERM or SIGINT ended it early,
        which `stopped` then says.
        """
        loop = live_loop(self.clock, fast=fast)
        asyncio.set_event_loop(loop)
        try:
            result = loop.run_until_complete(self._measured(main))
        finally:
            try:
                _end(loop)
                self.network.end()
                loop.run_until_complete(_rounds())
            finally:
                asyncio.set_event_loop(None)
                loop.close()
        if self.network.crashes:
            raise EvalkitError("an endpoint of the world crashed") from self.network.crashes[0]
        return result

    async def _measured(self, main: Coroutine[Any, Any, T]) -> T | None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self.stopped = True
            task.cancel()

        try:
            with _handling(loop, stop):
                return await task
        except asyncio.CancelledError:
            if not self.stopped:
                raise
            return None
        finally:
            self.meter.stop()

    def unmocked(self, host: str, caller: Caller | None) -> None:
        """The agent tried to reach a host that no service declares."""
        self.journal.append(
            Finding(
                at=self.clock.now,
                session=None if caller is None else caller.session,
                turn=None if caller is None else caller.turn,
                check=EGRESS,
                severity=Severity.VIOLATION,
                message=f"the agent tried to reach {host}, which no service declares",
                expected="only hosts that a service declares",
                seen=host,
                hint=f"declare a service with `hosts: [https://{host.partition(':')[0]}]`, or stop "
                "the agent calling it",
            )
        )

    def fidelity(self) -> Fidelity:
        """What it can say of itself."""
        return self.meter.fidelity(self.attribution.counts)


@contextlib.contextmanager
def _handling(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Have the signals that end a process end the world in order."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        for number in _ENDING:
            loop.add_signal_handler(number, stop)
    except (ValueError, RuntimeError):  # not in the main thread: nobody sends it any
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


async def _rounds() -> None:
    """Let the loop go round, so that what was closed is given back."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left over, and let it close."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=_GRACE))
    for task in left:
        if task.done() and not task.cancelled():
            task.exception()
    loop.run_until_complete(loop.shutdown_asyncgens())
