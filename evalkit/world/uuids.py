"""UUIDs that carry the world's time and a session's randomness.

Those that carry a time must not repeat within one tick; the libraries see to that with counters of
the whole process, where one session's ids would depend on how many another made. Here each session
counts for itself.
"""

from __future__ import annotations

import random
import sys
import uuid
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from evalkit.world.clock import Clock
from evalkit.world.swap import Replacement, swap_of

_NODE = 0x02_00_00_00_00_01  # a locally administered address
_GREGORIAN = 0x01B21DD213814000  # ticks of 100 ns from 1582-10-15 to 1970-01-01
_VARIANT = 0b10 << 62


class Uuids:
    """Makes the UUIDs of one session, as integers."""

    def __init__(self, generator: random.Random, clock: Clock) -> None:
        self._generator = generator
        self._clock = clock
        self._last_tick = 0
        self._last_counted = 0

    def v1(self, node: int | None = None, clock_seq: int | None = None) -> int:
        """A version 1 UUID."""
        tick = self._tick()
        timed = (tick & 0xFFFFFFFF) << 96 | (tick >> 32 & 0xFFFF) << 80
        return timed | 1 << 76 | (tick >> 48 & 0xFFF) << 64 | self._tail(node, clock_seq)

    def v4(self) -> int:
        """A version 4 UUID."""
        return uuid.UUID(int=self._generator.getrandbits(128), version=4).int

    def v6(self, node: int | None = None, clock_seq: int | None = None) -> int:
        """A version 6 UUID."""
        tick = self._tick()
        return tick >> 12 << 80 | 6 << 76 | (tick & 0xFFF) << 64 | self._tail(node, clock_seq)

    def v7(self) -> int:
        """A version 7 UUID; within a millisecond each is larger than the one before."""
        counted = self._clock.wall // 1_000_000 << 42
        if self._last_counted >> 42 < counted >> 42:
            self._last_counted = counted | self._generator.getrandbits(41)
        else:
            self._last_counted += 1
        moment, counter = divmod(self._last_counted, 1 << 42)
        high, low = divmod(counter, 1 << 30)
        return moment << 80 | 7 << 76 | high << 64 | _VARIANT | low << 32 | self._bits(32)

    def _tick(self) -> int:
        self._last_tick = max(self._clock.wall // 100 + _GREGORIAN, self._last_tick + 1)
        return self._last_tick

    def _tail(self, node: int | None, clock_seq: int | None) -> int:
        sequence = self._bits(14) if clock_seq is None else clock_seq & 0x3FFF
        return _VARIANT | sequence << 48 | (_NODE if node is None else node & (1 << 48) - 1)

    def _bits(self, count: int) -> int:
        return self._generator.getrandbits(count)


class StandardUuids:
    """The functions of `uuid` that carry a time. They are Python: their code objects are replaced,
    which reaches names imported earlier too.
    """

    def __init__(self, in_world: Callable[[], bool], uuids: Callable[[], Uuids]) -> None:
        self._in_world = in_world
        self._uuids = uuids
        self._saved: dict[FunctionType, CodeType] = {}

    def install(self) -> None:
        """Replace them."""
        self._replace("uuid1", lambda *args, **kwargs: self._uuids().v1(*args, **kwargs))
        if sys.version_info >= (3, 14):
            self._replace("uuid6", lambda *args, **kwargs: self._uuids().v6(*args, **kwargs))
            self._replace("uuid7", lambda: self._uuids().v7())

    def remove(self) -> None:
        """Put them back."""
        for function, code in self._saved.items():
            function.__code__ = code
            del function.__globals__[_HOOK.format(function.__name__)]
        self._saved.clear()

    def _replace(self, name: str, make: Callable[..., int]) -> None:
        function: FunctionType = vars(uuid)[name]
        original = FunctionType(
            function.__code__, function.__globals__, name, function.__defaults__
        )

        def choose(*args: Any, **kwargs: Any) -> uuid.UUID:
            if self._in_world():
                return uuid.UUID(int=make(*args, **kwargs))
            result: uuid.UUID = original(*args, **kwargs)
            return result

        hook = _HOOK.format(name)
        scope: dict[str, Any] = {}
        exec(f"def {name}(*args, **kwargs): return {hook}(*args, **kwargs)", scope)
        function.__globals__[hook] = choose
        self._saved[function] = function.__code__
        function.__code__ = scope[name].__code__


_HOOK = "_evalkit_{}"


def rust_replacements(
    in_world: Callable[[], bool], uuids: Callable[[], Uuids]
) -> list[Replacement]:
    """The functions of `uuid_utils`, written in Rust, that langchain takes its run ids from."""
    try:
        import uuid_utils
    except ImportError:
        return []

    def timed(*args: Any, **kwargs: Any) -> int | None:
        return None if _names_a_moment(args, kwargs) else uuids().v7()

    def ordered(node: Any = None, *args: Any, **kwargs: Any) -> int | None:
        return None if _names_a_moment(args, kwargs) else uuids().v6(node)

    makers: dict[str, Callable[..., int | None]] = {
        "uuid1": lambda *args, **kwargs: uuids().v1(*args, **kwargs),
        "uuid4": lambda: uuids().v4(),
        "uuid6": ordered,
        "uuid7": timed,
        "_uuid4_int": lambda: uuids().v4(),
        "_uuid7_int": timed,
    }
    return [
        _of_rust(getattr(uuid_utils, name), make, uuid_utils.UUID, in_world)
        for name, make in makers.items()
        if hasattr(uuid_utils, name)
    ]


def _names_a_moment(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a caller says which time a UUID shall carry."""
    return any(value is not None for value in (*args, *kwargs.values()))


def _of_rust(
    builtin: Any, make: Callable[..., int | None], kind: Any, in_world: Callable[[], bool]
) -> Replacement:
    original = swap_of(builtin)
    whole = not builtin.__name__.endswith("_int")

    def choose(bound: Any, *args: Any, **kwargs: Any) -> Any:
        number = make(*args, **kwargs) if in_world() else None
        if number is None:  # of a moment that the caller names
            return original(bound, *args, **kwargs)
        return kind(int=number) if whole else number

    return Replacement(original, choose)
