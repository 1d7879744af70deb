"""Plays the plan of a reply on a connection, byte for byte, on an absolute schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from evalkit.journal.records import Outcome
from evalkit.wire import Cut, Follow, Head, Raw, Reply, Reset, Send, Stall, Step, Wait
from evalkit.world.clock import NS
from evalkit.world.endpoint import Exchange

BODILESS = frozenset((204, 304))
_OK = HTTPStatus.OK.value  # asking an enumeration takes as long as the rest
_PHRASES = {each.value: each.phrase for each in HTTPStatus}


class Wire(Protocol):
    """What a player needs of a connection."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def finish(self, *, close: bool) -> None:
        """The reply is whole."""

    def cut(self) -> None:
        """Close in order."""

    def reset(self) -> None:
        """Break the connection."""

    def crash(self, error: Exception) -> None:
        """The exchange raised: a mistake of evalkit's own."""


def head_of(reply: Reply, *, close: bool) -> bytes:
    """The status line and the headers of a reply on the wire (RFC 9112)."""
    status = f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Unknown')}\r\n"
    fields = "".join([f"{name}: {value}\r\n" for name, value in reply.headers])
    chunked = "transfer-encoding: chunked\r\n" if reply.chunked else ""
    closes = "connection: close\r\n" if close else ""
    return f"{status}{fields}{chunked}{closes}\r\n".encode("latin-1", "replace")


def for_old_client(reply: Reply, *, keep_alive: bool) -> Reply:
    """The reply for a client that speaks HTTP/1.0, which knows no chunks."""
    reply = replace(reply, chunked=False)
    if not keep_alive or delimited_by_close(reply):
        return reply
    return replace(reply, headers=(*reply.headers, ("connection", "keep-alive")))


def delimited_by_close(reply: Reply) -> bool:
    """Whether only the end of the connection tells the end of the body."""
    if reply.chunked or reply.status in BODILESS or reply.status < _OK:
        return False
    for name, _ in reply.headers:
        if len(name) == len("content-length") and name.lower() == "content-length":
            return False
    return True


def is_whole(reply: Reply) -> bool:
    """Whether a reply is nothing but a head and a whole body, as most are."""
    plan = reply.plan
    if len(plan) != 2 or type(plan[0]) is not Head or type(plan[1]) is not Send:
        return False
    return not (reply.chunked or reply.status in BODILESS or delimited_by_close(reply))


def played_at_once(wire: Wire, exchange: Exchange, reply: Reply) -> bool:
    """Play a reply that is nothing but a head and a whole body; False where it is more, and nothing
    was played.
    """
    if not is_whole(reply):
        return False
    head, body = reply.plan
    data = head_of(reply, close=False) + body.data  # type: ignore[union-attr]
    wire.write(data)
    exchange.played(head)
    exchange.played(body)
    exchange.closed(Outcome.REPLIED, len(data))
    wire.finish(close=False)
    return True


class Timer(Protocol):
    """Something that is to be called."""

    def cancel(self) -> None:
        """Do not call it."""


def _by_seconds(loop: asyncio.AbstractEventLoop) -> Callable[[int, Callable[[], None]], Timer]:
    """How a loop that has no timers in nanoseconds calls what is due."""
    return lambda due, call: loop.call_at(due / NS, call)


class Player:
    """Plays one reply. Waits add up from `began` (nanoseconds of the loop's clock), so that a late
    step does not make the next one later.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wire: Wire, exchange: Exchange, began: int
    ) -> None:
        self._call_due = getattr(loop, "call_due", None) or _by_seconds(loop)
        self._wire = wire
        self._exchange = exchange
        self._due = began
        self._timer: Timer | None = None
        self._buffer: list[bytes] = []
        self._held: list[Step] = []
        self._position = 0
        self._waiting = False
        self._sent = 0
        self._over = False

    def play(self, reply: Reply, *, bodiless: bool, close: bool) -> None:
        """Begin. `bodiless` leaves the body out (HEAD); `close` ends the connection after it."""
        self._reply = reply
        self._bodiless = bodiless or reply.status in BODILESS
        self._close = close or delimited_by_close(reply)
        self._resume()

    def abandon(self, outcome: Outcome) -> None:
        """Stop: the client has closed the connection, or the world is over."""
        if self._over:
            return
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(step := self._current, Follow):
            step.stream.leave()
        if self._waiting and outcome is Outcome.ABANDONED:
            # Whoever gives up while being kept waiting has felt the wait.
            self._exchange.played(self._reply.plan[self._position])
        self._end(outcome)

    @property
    def _current(self) -> Step | None:
        plan = self._reply.plan
        return plan[self._position] if self._position < len(plan) else None

    def _heard(self, step: Step | None) -> None:
        """A step of the stream that the plan follows, or its end."""
        if self._over:
            return
        if step is None:
            self._resume()
            return
        try:
            if not self._stops_at(step):
                self._flush()
        except Exception as error:
            self._wire.crash(error)

    def _resume(self) -> None:
        try:
            self._go_on()
        except Exception as error:
            self._wire.crash(error)

    def _go_on(self) -> None:
        plan = self._reply.plan
        if self._waiting:
            self._waiting = False
            step = plan[self._position]
            if type(step) is not Wait or step.fault is not None:  # else nobody felt anything
                self._exchange.played(step)
            self._position += 1
        while self._position < len(plan):
            if self._stops_at(plan[self._position]):
                return
            self._position += 1
        if self._reply.chunked and not self._bodiless:
            self._buffer.append(b"0\r\n\r\n")
        self._flush()
        self._end(Outcome.REPLIED)
        self._wire.finish(close=self._close)

    def _stops_at(self, step: Step) -> bool:
        """Carry out a step; True if the plan does not go on now."""
        if type(step) is Send:  # nearly all are of three kinds, which a match asks for slowly
            data = self._framed(step.data)
        elif type(step) is Wait:
            return self._wait(step.ns)
        elif type(step) is Head:
            data = head_of(self._reply, close=self._close)
        else:
            return self._stops_at_rare(step)
        self._hold(step, data)
        return False

    def _stops_at_rare(self, step: Step) -> bool:
        match step:
            case Raw(data):
                self._hold(step, data)
            case Follow(stream):
                self._flush()
                self._waiting = True
                stream.listen(self._heard)
                return True
            case Stall():
                self._flush()
                self._waiting = True
                return True
            case Cut() | Reset():
                self._break(step)
                return True
        return False

    def _wait(self, ns: int) -> bool:
        self._flush()
        self._due += ns
        self._waiting = True
        self._timer = self._call_due(self._due, self._resume)
        return True

    def _break(self, step: Cut | Reset) -> None:
        self._flush()
        self._exchange.played(step)
        if isinstance(step, Cut):
            self._end(Outcome.CUT)
            self._wire.cut()
        else:
            self._end(Outcome.RESET)
            self._wire.reset()

    def _framed(self, data: bytes) -> bytes:
        if self._bodiless or not data:
            return b""
        if self._reply.chunked:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return data

    def _hold(self, step: Step, data: bytes) -> None:
        """Steps with no time between them go out in one piece, as a server's would."""
        if data:
            self._buffer.append(data)
        self._held.append(step)

    def _flush(self) -> None:
        if self._buffer:
            data = self._buffer[0] if len(self._buffer) == 1 else b"".join(self._buffer)
            self._buffer.clear()
            self._sent += len(data)
            self._wire.write(data)
        for step in self._held:
            self._exchange.played(step)
        self._held.clear()

    def _end(self, outcome: Outcome) -> None:
        self._over = True
        self._exchange.closed(outcome, self._sent)
