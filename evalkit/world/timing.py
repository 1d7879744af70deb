"""The functions that tell the time or let it pass, answered from the world's clock.

Only the world's own threads see world time; every other thread keeps the real one. CPU clocks and
`clock_gettime(CLOCK_MONOTONIC)` stay real: evalkit itself measures with them.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
import sys
import time
from collections.abc import Callable
from typing import Any

from evalkit.world.clock import NS, Clock
from evalkit.world.swap import Replacement, swap_of

InWorld = Callable[[], bool]


def time_replacements(
    clock: Clock, in_world: InWorld, sleep: Callable[[float], None]
) -> list[Replacement]:
    """Replacements for all time functions. `sleep` lets seconds pass in the calling thread."""
    return [
        _telling(time.time, lambda: clock.wall / NS, in_world),
        _telling(time.time_ns, lambda: clock.wall, in_world),
        _seconds(time.monotonic, clock, in_world),
        _telling(time.monotonic_ns, lambda: clock.monotonic, in_world),
        _seconds(time.perf_counter, clock, in_world),
        _telling(time.perf_counter_ns, lambda: clock.monotonic, in_world),
        _telling_wall(time.clock_gettime, lambda: clock.wall / NS, in_world),
        _telling_wall(time.clock_gettime_ns, lambda: clock.wall, in_world),
        *(_now_where_left_out(each, clock, in_world) for each in _OF_SECONDS),
        *(_now_where_left_out(each, clock, in_world) for each in _OF_TUPLES),
        _sleeping(in_world, sleep),
        *_datetimes(clock, in_world),
    ]


def _telling(builtin: Any, world_value: Callable[[], object], in_world: InWorld) -> Replacement:
    original = swap_of(builtin)
    return Replacement(original, lambda bound: world_value() if in_world() else original(bound))


def _seconds(builtin: Any, clock: Clock, in_world: InWorld) -> Replacement:
    """Seconds of the monotonic clock: asked for several times with every call on the wire."""
    original, start = swap_of(builtin), clock.MONOTONIC_START

    def tell(bound: Any) -> Any:
        return (start + clock.now) / NS if in_world() else original(bound)

    return Replacement(original, tell)


def _telling_wall(builtin: Any, value: Callable[[], object], in_world: InWorld) -> Replacement:
    """`clock_gettime` and its kin, for the wall clock only."""
    original = swap_of(builtin)

    def tell(bound: Any, *args: Any) -> Any:
        if args == (time.CLOCK_REALTIME,) and in_world():
            return value()
        return original(bound, *args)

    return Replacement(original, tell)


_OF_SECONDS = (time.gmtime, time.localtime, time.ctime)
"""Functions of seconds since 1970; left out or None means now."""

_OF_TUPLES: dict[Any, int] = {time.asctime: 0, time.strftime: 1}
"""Functions of a time tuple, and its position; left out means now."""


def _now_where_left_out(builtin: Any, clock: Clock, in_world: InWorld) -> Replacement:
    original, local = swap_of(builtin), swap_of(time.localtime)
    position = _OF_TUPLES.get(builtin, 0)
    of_tuple = builtin in _OF_TUPLES

    def tell(bound: Any, *args: Any) -> Any:
        left_out = len(args) == position or (not of_tuple and args == (None,))
        if left_out and in_world():
            seconds = clock.wall / NS
            args = (*args[:position], local(time, seconds) if of_tuple else seconds)
        return original(bound, *args)

    return Replacement(original, tell)


def _sleeping(in_world: InWorld, sleep: Callable[[float], None]) -> Replacement:
    original = swap_of(time.sleep)

    def wait(bound: Any, seconds: Any) -> Any:
        if in_world():
            length = seconds if isinstance(seconds, float) else operator.index(seconds)
            if math.isfinite(length) and length >= 0:
                return sleep(length)
        return original(bound, seconds)  # it has the right exception for what is no length

    return Replacement(original, wait)


def _datetimes(clock: Clock, in_world: InWorld) -> list[Replacement]:
    now, utcnow = swap_of(dt.datetime.now), swap_of(dt.datetime.utcnow)

    def moment(kind: type[dt.datetime], zone: dt.tzinfo | None) -> dt.datetime:
        # Whole seconds and microseconds apart: a float of the whole would round.
        seconds, rest = divmod(clock.wall, NS)
        return kind.fromtimestamp(seconds, zone).replace(microsecond=rest // 1_000)

    def tell_now(kind: type[dt.datetime], *args: Any, **kwargs: Any) -> Any:
        if len(args) + len(kwargs) > 1 or kwargs.keys() - {"tz"} or not in_world():
            return now(kind, *args, **kwargs)
        return moment(kind, *args, *kwargs.values()) if args or kwargs else moment(kind, None)

    def tell_utcnow(kind: type[dt.datetime]) -> Any:
        return moment(kind, dt.UTC).replace(tzinfo=None) if in_world() else utcnow(kind)

    replacements = [Replacement(now, tell_now), Replacement(utcnow, tell_utcnow)]
    if sys.version_info >= (3, 14):  # before, `today` asks `time.time`
        replacements += [_today(each, moment, in_world) for each in _todays()]
    return replacements


def _todays() -> list[Any]:
    """`today` of both classes; where they share the code, once."""
    functions = {id(swap_of(each)): each for each in (dt.date.today, dt.datetime.today)}
    return list(functions.values())


def _today(
    builtin: Any,
    moment: Callable[[type[dt.datetime], dt.tzinfo | None], dt.datetime],
    in_world: InWorld,
) -> Replacement:
    original = swap_of(builtin)

    def tell(kind: type[dt.date]) -> Any:
        if not in_world():
            return original(kind)
        if issubclass(kind, dt.datetime):
            return moment(kind, None)
        local = moment(dt.datetime, None)
        return kind(local.year, local.month, local.day)

    return Replacement(original, tell)
