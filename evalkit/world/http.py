"""HTTP/1.1 on bytes, the side of the server: one protocol class for every network.

A connection answers one request at a time and keeps the others that were pipelined until then.
Nothing that a client sends raises out of it: what the reader refuses is answered with its status
when everything before is answered, and the connection is closed.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from evalkit.journal.records import Outcome
from evalkit.wire import Reply
from evalkit.world.endpoint import Endpoint, Exchange
from evalkit.world.lives import LIFE
from evalkit.world.player import Player, for_old_client, played_at_once
from evalkit.world.reader import Arrived, Limits, RequestReader, Room

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class _Turn:
    """A request with the context it was written in, and what it has come to."""

    arrived: Arrived
    context: contextvars.Context
    exchange: Exchange | None = None
    task: asyncio.Task[None] | None = None
    player: Player | None = None


def run_through(answer: Coroutine[object, object, Reply | None]) -> Reply | None:
    """Run a coroutine that never waits: a task would cost as much as many a service does."""
    try:
        answer.send(None)
    except StopIteration as done:
        reply: Reply | None = done.value
        return reply
    answer.close()
    raise RuntimeError("a service that says it never waits has waited")


class HttpConnection(asyncio.Protocol):
    """One connection of a client to an endpoint. `crashed` is told of an exchange that raised,
    `took` how many nanoseconds passed before a service that does not wait had its reply.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], int],
        crashed: Callable[[BaseException], None],
        limits: Limits | None = None,
        room: Room | None = None,
        took: Callable[[int], None] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._loop = loop
        self._now = now
        self._crashed = crashed
        self._took = took
        self._limits = limits or Limits()
        self._reader = RequestReader(self._limits, room)
        self._waiting: deque[_Turn] = deque()
        self._turn: _Turn | None = None
        self._going_on = self._closing = self._lost = False

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered."""
        return self._turn is None and not self._waiting and not self._reader.within_request

    @property
    def lost(self) -> bool:
        """Whether nothing is left of it."""
        return self._lost

    @property
    def closed(self) -> bool:
        """Whether it takes no more requests."""
        return self._closing

    # The client --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._closing:
            return
        for each in self._reader.feed(data):
            self._waiting.append(_Turn(each, contextvars.copy_context()))
        if len(self._waiting) > 1 and self._too_many_wait():
            self._waiting.clear()
            self._reader.refusal = HTTPStatus.SERVICE_UNAVAILABLE
        if self._turn is None:
            self._next()

    def _too_many_wait(self) -> bool:
        size = sum(len(each.arrived.request.body) for each in self._waiting)
        return len(self._waiting) > self._limits.pipelined or size > self._limits.body

    def eof_received(self) -> bool:
        """The client has nothing more to say. It may still want its reply."""
        self._closing = True
        return self._turn is not None or bool(self._waiting)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The connection is gone: whatever was being answered is abandoned."""
        self._lost = True
        self._break_off(Outcome.ABANDONED)

    def end(self) -> None:
        """The world is over: whatever was being answered stays open."""
        self._break_off(Outcome.OPEN)
        self._transport.abort()

    def _break_off(self, outcome: Outcome) -> None:
        self._closing = True
        self._waiting.clear()
        self._reader.drop()
        turn, self._turn = self._turn, None
        if turn is None or turn.exchange is None:
            return
        if turn.player is not None:
            turn.player.abandon(outcome)
        else:
            if turn.task is not None:
                turn.task.cancel()
            turn.exchange.closed(outcome, 0)

    def close(self) -> None:
        """Close the connection from the side of the server."""
        self._closing = True
        self._waiting.clear()
        self._transport.close()

    # Requests ----------------------------------------------------------------------------------

    def _next(self) -> None:
        """Go on with the next request, or with whatever there is to do where none waits."""
        if self._going_on:
            return  # this reply was played at once, from within the loop below
        self._going_on = True
        while self._turn is None and self._waiting:
            if self._transport.get_write_buffer_size() > self._limits.unread:
                self.reset()  # it asks for more and more, and reads none of it
                break
            self._turn = turn = self._waiting.popleft()
            try:
                self._open(turn)
            except Exception as error:
                self.crash(error)
        self._going_on = False
        if self._turn is None:
            self._rest()

    def _rest(self) -> None:
        """No request waits: say what is left to say."""
        if self._reader.refusal is not None:
            self._refuse(self._reader.refusal)
        elif self._closing:
            self._transport.close()
        elif self._reader.expects_continue:
            self._reader.expects_continue = False
            self._transport.write(_CONTINUE)

    def _open(self, turn: _Turn) -> None:
        turn.context.run(self._begin, turn, self._now())

    def _begin(self, turn: _Turn, began: int) -> None:
        """Begin an exchange, in the context of its request."""
        turn.exchange = exchange = self._endpoint.open(turn.arrived.request)
        if exchange.waits:
            LIFE.set(None)  # the service does not die with its client
            answer = self._answer(turn, exchange, began)
            turn.task = self._loop.create_task(answer, context=turn.context)
            return
        reply = run_through(exchange.reply())
        if self._took is not None:
            self._took(self._now() - began)
        if turn is self._turn:
            self._play(turn, exchange, reply, began)

    async def _answer(self, turn: _Turn, exchange: Exchange, began: int) -> None:
        try:
            reply = await exchange.reply()
        except Exception as error:
            self.crash(error)
            return
        turn.task = None
        if turn is self._turn:
            self._play(turn, exchange, reply, began)

    def _play(self, turn: _Turn, exchange: Exchange, reply: Reply | None, began: int) -> None:
        if reply is None:
            exchange.closed(Outcome.CUT, 0)
            self.cut()
            return
        arrived = turn.arrived
        if arrived.old:
            reply = for_old_client(reply, keep_alive=arrived.keep_alive)
        bodiless = arrived.request.method == "HEAD"
        if arrived.keep_alive and not bodiless and played_at_once(self, exchange, reply):
            return
        turn.player = Player(self._loop, self, exchange, began)
        turn.player.play(reply, bodiless=bodiless, close=not arrived.keep_alive)

    def _refuse(self, status: HTTPStatus) -> None:
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        self._transport.write(head.encode())
        self.close()

    # The wire of the player --------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transport.write(data)

    def finish(self, *, close: bool) -> None:
        """The reply is whole: go on with the next request, or close."""
        self._turn = None
        if close:
            self.close()
        else:
            self._next()

    def cut(self) -> None:
        """Close in order."""
        self._turn = None
        self.close()

    def reset(self) -> None:
        """Break the connection."""
        self._turn = None
        self._closing = True
        self._waiting.clear()
        self._transport.abort()

    def crash(self, error: BaseException) -> None:
        """A mistake of evalkit's own: it is reported, and the client sees its connection break."""
        self._crashed(error)
        self.reset()
