"""One world: a clock, a loop, a network, threads and randomness that belong together."""

from __future__ import annotations

import asyncio
import os
import platform
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, TypeVar

from evalkit.errors import EvalkitError, UsageError
from evalkit.journal.records import Finding, Severity
from evalkit.journal.writer import Journal
from evalkit.world import tls
from evalkit.world.blocking import Blocking
from evalkit.world.callers import CALLER
from evalkit.world.chance import Chance
from evalkit.world.clock import DEFAULT_START, NS, Clock, epoch_ns
from evalkit.world.deadlock import lines_of
from evalkit.world.endpoint import Endpoint
from evalkit.world.guard import Guard
from evalkit.world.loop import WorldLoop, run_to_end
from evalkit.world.network import MemoryNetwork
from evalkit.world.patches import Patches
from evalkit.world.sequence import Sequence
from evalkit.world.threads import Threads
from evalkit.world.timing import time_replacements
from evalkit.world.turns import Turns

T = TypeVar("T")

EGRESS = "no-unmocked-egress"
BLOCKED = "event-loop-not-blocked"
UNFIT = "fits-simulation"
PATIENCE = 2.0
"""Real seconds in which a thread outside of the world may go on with one where all wait."""


class _Part(Protocol):
    def install(self) -> None: ...
    def remove(self) -> None: ...


running = threading.Lock()
"""Held while a world runs: what it replaces, it replaces for the whole process."""


class World:
    """A simulated world. It runs once, in the thread that calls `run`.

    `seed` decides every random number in it; `starts_at` is its wall clock at the start, in
    ISO 8601. What the world itself finds wrong goes to `journal`. Where every task waits and
    nothing is due any more, it raises `DeadlockError` after `patience` real seconds, in which a
    thread that is not the world's may still bring something about; None waits for ever.
    """

    _kind = WorldLoop

    def __init__(
        self,
        *,
        seed: int = 0,
        starts_at: str = DEFAULT_START,
        journal: Journal | None = None,
        patience: float | None = PATIENCE,
    ) -> None:
        self.clock = Clock(epoch_ns(starts_at))
        self.journal = Journal() if journal is None else journal
        self.network = MemoryNetwork(self.clock, self._unmocked, self._refused)
        self._turns = Turns(self.clock, self._blocked)
        self._sequence = Sequence()
        self._chance = Chance(seed, self.clock, self._turns.in_world)
        self._patience = patience
        self._loops: list[WorldLoop] = []
        self._over = False

    def serve(self, host: str, endpoint: Endpoint) -> None:
        """Have `endpoint` answer at `host`, on any port and with TLS or without."""
        self.network.add(host, endpoint)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` inside the world and give back what it returns."""
        try:
            self._claim()
        except UsageError:
            main.close()
            raise
        platform.processor()  # asks a child process the first time; SDKs tell it in their headers
        try:
            with self._installed():
                result = run_to_end(self._loop(leading=True), main)
        finally:
            running.release()
        if self.network.crashes:
            raise EvalkitError("an endpoint of the world crashed") from self.network.crashes[0]
        return result

    def waits(self, most: int) -> list[str]:
        """Where the world's tasks are, at most so many of each loop: for a thread that watches."""
        return [each for loop in self._loops for each in lines_of(asyncio.all_tasks(loop), most)]

    def _claim(self) -> None:
        if self._over:
            raise UsageError("a world runs only once", hint="make another World")
        if asyncio._get_running_loop() is not None:
            raise UsageError(
                "a world brings its own event loop, and this thread is running one already",
                hint="call World.run outside of `async def`, or in a thread of its own",
            )
        if not running.acquire(blocking=False):
            raise UsageError(
                "another world is running in this process",
                hint="run one after the other, or in processes of their own",
            )
        self._over = True

    def _loop(self, *, leading: bool) -> WorldLoop:
        kind = self._kind if leading else WorldLoop
        loop = kind(
            self.clock,
            self._turns,
            self.network,
            self._sequence,
            leading=leading,
            patience=self._patience if leading else None,
        )
        self._loops.append(loop)
        return loop

    @contextmanager
    def _installed(self) -> Iterator[None]:
        """Everything that is replaced while the world runs, undone in reverse order."""
        threads = Threads(self._turns, self._sequence)
        guard = Guard(self._turns.in_world, self._refused)
        parts: list[_Part] = [
            guard,
            self._chance,
            *time_replacements(self.clock, self._turns.in_world, self._turns.sleep),
            *self._chance.replacements(),
            *guard.replacements(),
            *Blocking(self._turns).replacements(),
            threads,
        ]
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(_in_utc())
            stack.enter_context(self._patched())
            for part in parts:
                part.install()
                stack.callback(part.remove)
            self._turns.begin()
            yield

    @contextmanager
    def _patched(self) -> Iterator[None]:
        patches = Patches()
        patches.set(ssl.SSLContext, "wrap_bio", tls.wrap_bio)
        trusting = tls.trusting(self._turns.in_world)
        patches.set(ssl.SSLContext, "load_verify_locations", trusting)
        make_loop = self._loop_maker(asyncio.new_event_loop)
        for module in (asyncio, asyncio.events):
            patches.set(module, "new_event_loop", make_loop)
        try:
            yield
        finally:
            patches.remove()

    def _loop_maker(
        self, original: Callable[[], asyncio.AbstractEventLoop]
    ) -> Callable[[], asyncio.AbstractEventLoop]:
        """What `asyncio.run` in a thread of the agent's gets its loop from."""

        def make() -> asyncio.AbstractEventLoop:
            return self._loop(leading=False) if self._turns.in_world() else original()

        return make

    def _close(self) -> None:
        for loop in self._loops:
            if not loop.is_running():
                loop.close()
        self.network.close()

    # What the world finds ----------------------------------------------------------------------

    def _unmocked(self, host: str, port: int | None) -> None:
        where = f"{host}:{port}" if port else host
        self._find(
            EGRESS,
            f"the agent tried to reach {where}, which no service declares",
            expected="only hosts that a service declares",
            seen=where,
            hint=f"declare a service with `hosts: [https://{host}]`, or stop the agent calling it",
        )

    def _blocked(self, what: str, ns: int) -> None:
        self._find(
            BLOCKED,
            f"the agent blocked the event loop for {ns / NS:g} s: {what}",
            expected="an event loop that is free while something is waited for",
            seen=f"{ns / NS:g} s",
            hint="use asyncio.sleep, or move the blocking call to a thread",
        )

    def _refused(self, message: str) -> None:
        self._find(
            UNFIT,
            message,
            expected="asynchronous work in one process",
            seen=message,
            hint="a simulated world carries neither child processes nor blocking sockets: "
            "use an asynchronous client, or run the suite live",
        )

    def _find(self, check: str, message: str, *, expected: str, seen: str, hint: str) -> None:
        caller = CALLER.get()
        self.journal.append(
            Finding(
                at=self.clock.now,
                session=None if caller is None else caller.session,
                turn=None if caller is None else caller.turn,
                check=check,
                severity=Severity.VIOLATION,
                message=message,
                expected=expected,
                seen=seen,
                hint=hint,
            )
        )


@contextmanager
def _in_utc() -> Iterator[None]:
    """Local time inside the world is UTC, wherever the machine stands."""
    zone = os.environ.get("TZ")
    _set_zone("UTC")
    try:
        yield
    finally:
        _set_zone(zone)


def _set_zone(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    if hasattr(time, "tzset"):
        time.tzset()
