"""A circuit breaker: who keeps failing is left alone for a while, and then tried once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from attempts import Unavailable

T = TypeVar("T")


@dataclass
class Breaker:
    """Opens after so many failures in a row, for `pause` seconds."""

    failures: int = 5
    pause: float = 30.0
    _failed: int = 0
    _until: float | None = None
    _trying: bool = False

    async def guard(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`, unless the circuit is open. Raises `Unavailable`."""
        if not self._lets_through():
            raise Unavailable("the circuit is open")
        trial = self._trying = self._until is not None
        try:
            result = await call()
        except Unavailable:
            self._fail(trial)
            raise
        finally:
            if trial:
                self._trying = False
        if trial or self._until is None:
            self._failed, self._until = 0, None
        return result

    def _lets_through(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._until is None or (now >= self._until and not self._trying)

    def _fail(self, trial: bool) -> None:
        self._failed += 1
        if trial or (self._until is None and self._failed >= self.failures):
            self._until = asyncio.get_running_loop().time() + self.pause
