"""Timers that are due to the microsecond, where the kernel has such (Linux: timerfd_create(2)).

The timers of event loops count whole milliseconds. Here one timer of the kernel's is set for the
earliest of all that are due, and whatever is due when it rings runs then.
"""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import itertools
import os
import sys
import time
from collections.abc import Callable
from typing import Any

_NS = 1_000_000_000
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME
_LONG = 1_000_000  # nanoseconds in which nothing but timers runs
_MANY = 256  # timers given up that are kept until they are due


class _Moment(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("ns", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("every", _Moment), ("first", _Moment))


class Due:
    """Something to be called once, unless it is given up before."""

    __slots__ = ("_call", "_timers")

    def __init__(self, timers: Timers, call: Callable[[], object]) -> None:
        self._timers = timers
        self._call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Give it up, if it was not called yet."""
        if self._call is not None:
            self._call = None
            self._timers.given_up()

    def cancelled(self) -> bool:
        """Whether there is nothing to call."""
        return self._call is None

    def _run(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Timers:
    """The timers of one loop, by the real monotonic clock in nanoseconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kernel: Any, number: int) -> None:
        self._kernel = kernel
        self._number = number
        self._loop = loop
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)
        self._order = itertools.count()
        self._heap: list[tuple[int, int, asyncio.TimerHandle | Due]] = []
        self._set_for = 0
        self._ringing = False
        self._given_up = 0
        loop.add_reader(number, self._ring)

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Timers | None:
        """Those of a loop; None where the kernel has none."""
        if sys.platform != "linux":
            return None
        try:
            kernel = ctypes.CDLL(None)
            number = kernel.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return None
        return cls(loop, kernel, number) if number >= 0 else None

    def add(self, due: int, handle: asyncio.TimerHandle | Due) -> None:
        """Run a handle when it is due; at once where it was due before."""
        heapq.heappush(self._heap, (due, next(self._order), handle))
        if not self._ringing and (not self._set_for or due < self._set_for):
            self._set(due)

    def at(self, due: int, call: Callable[[], object]) -> Due:
        """Call something when it is due, in no context of its own."""
        made = Due(self, call)
        self.add(due, made)
        return made

    def given_up(self) -> None:
        """One of them was cancelled."""
        self._given_up += 1
        if self._given_up > _MANY and self._given_up > len(self._heap) // 2:
            self._heap = [each for each in self._heap if not each[2].cancelled()]
            heapq.heapify(self._heap)
            self._given_up = 0

    def close(self) -> None:
        """There are none any more."""
        self._loop.remove_reader(self._number)
        os.close(self._number)
        self._heap.clear()

    def _ring(self) -> None:
        """Run what is due by now, and what becomes due meanwhile: not for long, since there may be
        something to be read as well. Setting the timer anew takes its ringing back.
        """
        self._ringing = True
        until = time.monotonic_ns() + _LONG
        try:
            while self._heap and self._heap[0][0] <= (now := time.monotonic_ns()):
                self._run(heapq.heappop(self._heap)[2])
                if now > until:
                    break
        finally:
            self._ringing = False
            self._set(self._heap[0][0] if self._heap else 0)

    def _run(self, handle: asyncio.TimerHandle | Due) -> None:
        if handle.cancelled():
            self._given_up = max(0, self._given_up - 1)
            return
        try:
            handle._run()  # what asyncio's own loops call
        except Exception as error:
            self._loop.call_exception_handler({"message": "a timer raised", "exception": error})

    def _set(self, due: int) -> None:
        first = self._setting.first
        first.seconds, first.ns = divmod(max(due, 1) if self._heap else 0, _NS)  # 0: never
        self._set_for = due
        self._kernel.timerfd_settime(self._number, _ABSOLUTE, self._reference, None)
