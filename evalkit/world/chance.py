"""Seeded randomness: what Python's random sources give in the world.

Each session draws from a stream of its own, so that one session's extra retry does not shift
another's jitter. Code outside of any session (the building of an agent) has one for itself.
"""

from __future__ import annotations

import _random
import importlib
import os
import random
import sys
from collections.abc import Callable
from typing import Any

from evalkit.keyed import Draw
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from evalkit.world.patches import Patches
from evalkit.world.swap import Replacement, swap_of
from evalkit.world.uuids import StandardUuids, Uuids, rust_replacements

_SHARED: random.Random = random._inst
"""The instance behind `random.random` and its siblings."""


class Stream:
    """What one session draws from."""

    def __init__(self, draw: Draw, clock: Clock) -> None:
        self.generator = random.Random(draw.seed("generator"))
        self.uuids = Uuids(self.generator, clock)
        self.gauss_next: float | None = None
        self._numpy_seed = draw.seed("numpy") % 2**32
        self._numpy: Any = None

    @property
    def numpy(self) -> Any:
        """What stands for numpy's shared generator."""
        if self._numpy is None:
            from numpy.random import RandomState

            self._numpy = RandomState(self._numpy_seed)
        return self._numpy


class Chance:
    """The streams of one world and what has to be replaced so that Python draws from them."""

    def __init__(self, seed: int, clock: Clock, in_world: Callable[[], bool]) -> None:
        self._draw = Draw("random", seed)
        self._clock = clock
        self._in_world = in_world
        self._streams: dict[str | None, Stream] = {}
        self._patches = Patches()
        self._standard_uuids = StandardUuids(in_world, lambda: self.stream.uuids)

    @property
    def stream(self) -> Stream:
        """The stream of the session in context."""
        caller = CALLER.get()
        session = None if caller is None else caller.session
        found = self._streams.get(session)
        if found is None:
            found = self._streams[session] = Stream(self._draw.at(session), self._clock)
        return found

    def restart(self, seed: int) -> None:
        """Draw from the start, as if a world of this seed began."""
        self._draw = Draw("random", seed)
        self._streams.clear()

    def replacements(self) -> list[Replacement]:
        """Replacements of the C functions behind `random`, `secrets` and `uuid`."""
        replacements = [
            *(self._of_shared(name) for name in ("random", "getrandbits", "getstate", "setstate")),
            self._seeding(),
            self._drawing_bytes(os.urandom),
            *rust_replacements(self._in_world, lambda: self.stream.uuids),
        ]
        if hasattr(os, "getrandom"):
            replacements.append(self._drawing_bytes(os.getrandom))
        return replacements

    def install(self) -> None:
        """Replace what is written in Python."""
        self._patches.set(random.Random, "gauss_next", self._gauss_next())
        self._standard_uuids.install()
        if "numpy" in sys.modules:
            self._take_numpy(importlib.import_module("numpy.random"))

    def remove(self) -> None:
        """Put back what was replaced."""
        self._standard_uuids.remove()
        self._patches.remove()

    def _gauss_next(self) -> property:
        """What gauss() keeps for its next call: of the shared instance by session."""

        def holder(instance: random.Random) -> Any:
            ours = instance is _SHARED and self._in_world()
            return vars(self.stream if ours else instance)

        def keep(instance: random.Random, value: float | None) -> None:
            holder(instance)["gauss_next"] = value

        return property(lambda instance: holder(instance)["gauss_next"], keep)

    def _of_shared(self, name: str) -> Replacement:
        """A method of the shared instance, and of it alone."""
        original = swap_of(getattr(_random.Random(0), name))

        def call(instance: random.Random, *args: Any) -> Any:
            if instance is _SHARED and self._in_world():
                instance = self.stream.generator
            return original(instance, *args)

        return Replacement(original, call)

    def _seeding(self) -> Replacement:
        """`seed`, where an instance that is given no seed would take one from the machine."""
        original = swap_of(_random.Random(0).seed)

        def seed(instance: random.Random, *args: Any) -> Any:
            if self._in_world():
                # A stream is itself a generator that is seeded: ask for one only where needed.
                if args in ((), (None,)):
                    args = (self.stream.generator.getrandbits(128),)
                instance = self.stream.generator if instance is _SHARED else instance
            return original(instance, *args)

        return Replacement(original, seed)

    def _drawing_bytes(self, builtin: Any) -> Replacement:
        original = swap_of(builtin)

        def draw(bound: Any, size: int, *args: Any, **kwargs: Any) -> Any:
            if not self._in_world():
                return original(bound, size, *args, **kwargs)
            return self.stream.generator.randbytes(size)

        return Replacement(original, draw)

    def _take_numpy(self, module: Any) -> None:
        """The functions of `numpy.random` that draw from its shared generator."""
        shared = module.mtrand._rand
        functions = {name: name for name in dir(module) if _is_method_of(shared, module, name)}
        for name, method in (functions | _NUMPY_FUNCTIONS).items():
            self._patches.set(module, name, self._of_numpy(method, getattr(module, name)))

    def _of_numpy(self, method: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def draw(*args: Any, **kwargs: Any) -> Any:
            function = getattr(self.stream.numpy, method) if self._in_world() else original
            return function(*args, **kwargs)

        return draw


_NUMPY_FUNCTIONS = {"seed": "seed", "ranf": "random_sample", "sample": "random_sample"}


def _is_method_of(shared: object, module: Any, name: str) -> bool:
    return getattr(getattr(module, name), "__self__", None) is shared
