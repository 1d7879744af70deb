"""Threads that the agent starts become threads of its world.

Threads that telemetry libraries start are left alone: they keep real time and really block.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakSet

from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.lives import LIFE, Life
from evalkit.world.patches import Patches
from evalkit.world.sequence import Sequence
from evalkit.world.turns import Parked, Turns

FOREIGN = (
    "opentelemetry",
    "langsmith",
    "langfuse",
    "logfire",
    "sentry_sdk",
    "posthog",
    "ddtrace",
    "agents.tracing",
    "evalkit.engine",
)
"""Modules whose threads are not the world's."""

_POOLS = "concurrent.futures"


class NumberedFuture(Future[Any]):
    """A thread's future that is hashed by its sequence number, so that sets of them repeat."""

    number: int

    def __hash__(self) -> int:
        return self.number


class Threads:
    """Takes over how threads are started and joined."""

    def __init__(self, turns: Turns, sequence: Sequence) -> None:
        self._turns = turns
        self._sequence = sequence
        self._ours: WeakSet[threading.Thread] = WeakSet()
        self._patches = Patches()

    def install(self) -> None:
        """See every new thread from now on."""
        self._patches.set(threading.Thread, "start", self._starter(threading.Thread.start))
        self._patches.set(threading.Thread, "join", self._joiner(threading.Thread.join))
        self._patches.set(ThreadPoolExecutor, "submit", self._submitter(ThreadPoolExecutor.submit))

    def remove(self) -> None:
        """Unwind the threads that are left, and put everything back."""
        pools = logging.getLogger(_POOLS)
        silent, pools.disabled = pools.disabled, True  # a pool reports what ends its workers
        try:
            self._turns.end()
        finally:
            pools.disabled = silent
            self._patches.remove()

    # Starting ----------------------------------------------------------------------------------

    def _starter(self, really_start: Callable[[threading.Thread], None]) -> Callable[..., None]:
        def start(thread: threading.Thread) -> None:
            if not self._turns.in_world():
                really_start(thread)
                return
            with self._turns.really_blocking():
                if _is_foreign(thread):
                    really_start(thread)
                else:
                    self._start(thread, really_start)

        return start

    def _start(
        self, thread: threading.Thread, really_start: Callable[[threading.Thread], None]
    ) -> None:
        # A pool's worker serves whoever submits; any other thread works for who starts it.
        pooled = _target_module(thread).startswith(_POOLS)
        parked = Parked(lambda: True)
        caller = None if pooled else CALLER.get()
        vars(thread)["run"] = partial(self._run, thread, parked, caller, LIFE.get())
        try:
            really_start(thread)
        except BaseException:
            del vars(thread)["run"]
            raise
        self._ours.add(thread)
        self._turns.queue(parked)

    def _run(
        self, thread: threading.Thread, parked: Parked, caller: Caller | None, life: Life | None
    ) -> None:
        del vars(thread)["run"]
        self._turns.enter(parked)
        CALLER.set(caller)
        LIFE.set(life)
        try:
            if not self._turns.ended:
                thread.run()
        except BaseException:
            if not self._turns.ended:  # else it was unwound, and that may raise anything
                raise
        finally:
            self._turns.leave()

    # Joining -----------------------------------------------------------------------------------

    def _joiner(self, really_join: Callable[..., None]) -> Callable[..., None]:
        def join(thread: threading.Thread, timeout: float | None = None) -> None:
            if self._turns.takes_turns() and self._is_ours(thread):
                deadline = self._turns.deadline(None if timeout is None else max(timeout, 0))
                self._turns.wait(lambda: not thread.is_alive(), deadline, "waiting for a thread")
                if thread.is_alive():
                    return
            with self._turns.really_blocking():
                really_join(thread, timeout)

        return join

    def _is_ours(self, thread: threading.Thread) -> bool:
        return thread in self._ours and thread.is_alive() and thread.ident != threading.get_ident()

    # Pools -------------------------------------------------------------------------------------

    def _submitter(self, really_submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
        def submit(pool: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if not self._turns.in_world():
                return really_submit(pool, fn, *args, **kwargs)
            future = really_submit(pool, _on_behalf, CALLER.get(), LIFE.get(), fn, *args, **kwargs)
            if type(future) is Future:
                future.__class__ = NumberedFuture
                future.number = self._sequence.next("thread")  # type: ignore[attr-defined]
            return future

        return submit


def _on_behalf(
    caller: Caller | None,
    life: Life | None,
    fn: Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Run a pool's work for the session and the life that submitted it."""
    token, before = CALLER.set(caller), LIFE.set(life)
    try:
        return fn(*args, **kwargs)
    finally:
        CALLER.reset(token)
        LIFE.reset(before)


def _target_module(thread: threading.Thread) -> str:
    return getattr(getattr(thread, "_target", None), "__module__", None) or ""


def _is_foreign(thread: threading.Thread) -> bool:
    modules = (type(thread).__module__, _target_module(thread))
    return any(
        module == name or module.startswith(f"{name}.") for module in modules for name in FOREIGN
    )
