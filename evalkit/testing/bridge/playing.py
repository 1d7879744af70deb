"""Plays a reply to the HTTP parser of a client, as the bytes of a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpcore

from evalkit.errors import UsageError
from evalkit.journal.records import Outcome
from evalkit.wire import Cut, Follow, Head, Raw, Reply, Reset, Send, Stall, Step, Wait
from evalkit.world.clock import NS
from evalkit.world.endpoint import Exchange
from evalkit.world.player import BODILESS, delimited_by_close, head_of

_ETERNAL = (
    "the reply never comes, and the client would wait for ever: give it a read timeout, or use "
    "evalkit.testing.world, where a deadline ends the test"
)


class PlayedStream(httpcore.NetworkStream):
    """A connection on which one reply is played. What is written to it goes nowhere: the service
    has had the request. `pass_time` is told of the nanoseconds that a wait would have taken.
    """

    def __init__(
        self,
        reply: Reply,
        exchange: Exchange,
        pass_time: Callable[[int], None],
        *,
        bodiless: bool,
    ) -> None:
        self._reply = reply
        self._exchange = exchange
        self._pass_time = pass_time
        self._bodiless = bodiless or reply.status in BODILESS
        self._position = self._sent = 0
        self._over = self._reset = False

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes of the request."""

    def get_extra_info(self, info: str) -> Any:
        """Nothing is known of the connection."""
        del info

    def close(self) -> None:
        """The client is through with it."""
        self._end(Outcome.ABANDONED)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; none where the connection was closed in order. They may be more than were
        asked for: the parser takes what it is given.

        Raises `httpcore.ReadTimeout`, `httpcore.ReadError`.
        """
        del max_bytes
        waited = 0
        while not self._over and self._position < len(self._reply.plan):
            step = self._reply.plan[self._position]
            if isinstance(step, Wait):
                waited += step.ns
                self._wait(step, waited, timeout)
            elif isinstance(step, Stall):
                self._stall(step, timeout)
            self._position += 1
            if data := self._carried_out(step):
                self._sent += len(data)
                return data
        if self._reset:
            raise httpcore.ReadError("the connection was reset by its peer")
        return self._rest()

    def _wait(self, step: Wait, waited: int, timeout: float | None) -> None:
        if timeout is not None and waited > timeout * NS:
            self._pass_time(step.ns - (waited - round(timeout * NS)))
            self._exchange.played(step)
            self._end(Outcome.ABANDONED)
            raise httpcore.ReadTimeout("the read operation timed out")
        self._pass_time(step.ns)
        self._exchange.played(step)

    def _stall(self, step: Stall, timeout: float | None) -> None:
        self._exchange.played(step)
        self._end(Outcome.ABANDONED)
        if timeout is None:
            raise UsageError(_ETERNAL)
        self._pass_time(round(timeout * NS))
        raise httpcore.ReadTimeout("the read operation timed out")

    def _carried_out(self, step: Step) -> bytes:
        """The bytes of a step."""
        data = b""
        match step:
            case Head():
                data = head_of(self._reply, close=delimited_by_close(self._reply))
            case Send(body):
                data = self._framed(body)
            case Raw(data):
                pass
            case Cut():
                self._end(Outcome.CUT, step)
            case Reset():
                self._reset = True
                self._end(Outcome.RESET, step)
            case Follow():
                raise UsageError("a reply that is still being made needs evalkit.testing.world")
        if isinstance(step, Head | Send | Raw):
            self._exchange.played(step)
        return data

    def _framed(self, data: bytes) -> bytes:
        if self._bodiless or not data:
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._reply.chunked else data

    def _rest(self) -> bytes:
        """What comes behind the plan: the end of the chunks, once, then nothing."""
        if self._over:
            return b""
        chunks = self._reply.chunked and not self._bodiless
        self._end(Outcome.REPLIED)
        return b"0\r\n\r\n" if chunks else b""

    @property
    def _owed(self) -> bool:
        """Whether there is anything left that a client could read."""
        rest = self._reply.plan[self._position :]
        return any(not isinstance(each, Send) or not self._bodiless for each in rest)

    def _end(self, outcome: Outcome, step: Step | None = None) -> None:
        if self._over:
            return
        if outcome is Outcome.ABANDONED and not self._owed:
            outcome = Outcome.REPLIED  # a client need not read on when it has the whole length
        self._over = True
        if step is not None:
            self._exchange.played(step)
        self._exchange.closed(outcome, self._sent)
