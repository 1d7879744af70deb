"""What came to a port before, byte for byte: it is known who asks, and how that is answered.

Only of what comes again something is kept, so that requests that are all new cost one look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from evalkit.live.attribution import Attribution, Correlate
from evalkit.seen import Seen
from evalkit.wire import Caller, Request
from evalkit.world import heads

_MOST = 1024
_MOST_SEEN = 64 * 1024


class Again(Protocol):
    """The answer to a request that comes again."""

    def answer(self, write: Callable[[bytes], object]) -> None:
        """Answer it as it comes now."""
        ...


@runtime_checkable
class Answers(Protocol):
    """An endpoint that knows how some requests will be answered."""

    def again(self, request: Request, caller: Caller | None) -> Again | None:
        """How a request of this caller is answered whenever it comes; None where it has to be
        opened.
        """
        ...


class Repeats:
    """The requests that came to one port before, on connections that were let in."""

    def __init__(
        self, endpoint: Answers, attribution: Attribution, port: int, correlate: Correlate | None
    ) -> None:
        self._endpoint = endpoint
        self._attribution = attribution
        self._port = port
        self._correlate = correlate
        self._before = Seen(_MOST_SEEN)
        self._known: dict[bytes, tuple[Again | None, str]] = {}
        self._version = -1

    def answer(self, data: bytes, write: Callable[[bytes], object]) -> bool:
        """Answer a request that came whole; False where nobody knows how, and nothing was done."""
        if self._version != self._attribution.version:
            self._version = self._attribution.version
            self._forget()
        if (known := self._known.get(data)) is None:
            known = self._learn(data)
        if known is None or known[0] is None:
            return False
        self._attribution.counts[known[1]] += 1
        known[0].answer(write)
        return True

    def _forget(self) -> None:
        """Forget what came too, lest what will not last is learned again and again."""
        self._known.clear()
        self._before.clear()

    def _learn(self, data: bytes) -> tuple[Again | None, str] | None:
        """How a request is answered that came before, with a head that is known by now."""
        if not self._before.seen(data):
            return None
        if (request := heads.known(data, heads.end_in(data))) is None:
            return None
        told = self._attribution.told(request, port=self._port, correlate=self._correlate)
        if len(self._known) >= _MOST:
            self._forget()
        self._known[data] = found = self._endpoint.again(told.request, told.caller), told.way
        return found
