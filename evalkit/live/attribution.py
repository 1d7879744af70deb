"""Whose call is it, where no context tells: what a request brings along, and where it arrives.

In this order: the `baggage` or `traceparent` that the agent was given with its turn and passed on
(W3C Trace Context and Baggage); the prefix of the path, which the URLs for one session have; the
port, where the agent is a process for each of several turns; the service's `correlate:`; and being
alone: the only session with a turn or a webhook under way. A call that nothing of this tells is
counted and left unattributed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from evalkit.quick import replaced
from evalkit.wire import Caller, Request

SESSION, TURN = "evalkit.session", "evalkit.turn"
"""The members of the baggage that name the session and the turn."""

PREFIX = "/~"
"""What the path of a URL for one session begins with."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

Correlate: TypeAlias = Callable[[Request, Mapping[str, Caller]], str | None]
"""The session that a request names, of those that are there by their ids; None where it names none
of them, or more than one.
"""

WAYS = ("baggage", "traceparent", "prefix", "port", "correlate", "alone", "nothing")
"""How a call can be told, in the order in which it is tried."""


class Told(NamedTuple):
    """On whose behalf a request is, by which way that was told, and the request without what was
    there to tell it.
    """

    caller: Caller | None
    way: str
    request: Request


class Attribution:
    """Who asks, in one live world. `seed` is what trace ids are made of; `strangers` takes a
    session for known that only baggage tells of.
    """

    def __init__(self, seed: int = 0, *, strangers: bool = False) -> None:
        self._seed = seed
        self.strangers = strangers
        self._callers: dict[str, Caller] = {}  # by session: its turn under way, or its last
        self._turns: dict[str, int] = {}  # the sessions whose turn is under way, and at which port
        self._told: Counter[str] = Counter()  # the sessions of webhooks that the agent is told of
        self._tokens: dict[str, str] = {}
        self._traces: dict[str, Caller] = {}
        self.counts: Counter[str] = Counter()
        """How many calls were told by which way."""
        self.version = 0
        """Another one whenever something changes that tells who asks."""

    # What is told to the agent -----------------------------------------------------------------

    @contextmanager
    def turn(self, caller: Caller, port: int = 0) -> Iterator[None]:
        """A turn is under way, given to the process at a port group (0 where there is one)."""
        session = caller.session
        self.version += 1
        self._callers[session] = caller
        self._traces[self._trace(caller)] = caller
        self._turns[session] = port
        try:
            yield
        finally:
            self.version += 1
            self._turns.pop(session, None)

    @contextmanager
    def telling(self, caller: Caller) -> Iterator[None]:
        """The agent is told of something in a session, whose turn may be over: a webhook."""
        session = caller.session
        forgotten = session not in self._callers
        self.version += 1
        self._callers.setdefault(session, caller)
        self._told[session] += 1
        try:
            yield
        finally:
            self.version += 1
            self._told[session] -= 1
            if not self._told[session]:
                del self._told[session]
            if forgotten and session not in self._told:
                self._callers.pop(session, None)

    def over(self, session: str) -> None:
        """A session is over: what comes from now on is late, and still its own where it says so."""
        self.version += 1
        self._turns.pop(session, None)

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more."""
        self.version += 1
        for session in sessions:
            last = self._callers.pop(session, None)
            for turn in range(1, 1 + (last.turn if last else 0)):
                self._traces.pop(_trace(self._seed, session, turn), None)
            self._tokens.pop(self._token(session), None)

    def known(self, caller: Caller) -> None:
        """A session may turn up that nothing was told of."""
        self.version += 1
        self._callers.setdefault(caller.session, caller)

    def headers(self, caller: Caller) -> tuple[tuple[str, str], ...]:
        """The headers that carry a turn to the agent."""
        trace = self._trace(caller)
        baggage = f"{SESSION}={quote(caller.session, safe='')},{TURN}={caller.turn}"
        return ("traceparent", f"00-{trace}-{trace[:16]}-01"), ("baggage", baggage)

    def prefix(self, session: str) -> str:
        """The prefix of the paths of URLs for one session."""
        self.version += 1
        token = self._token(session)
        self._tokens[token] = session
        return PREFIX + token

    def _token(self, session: str) -> str:
        return _hash("session", self._seed, session)[:16]

    def _trace(self, caller: Caller) -> str:
        return _trace(self._seed, caller.session, caller.turn)

    # What a request tells ----------------------------------------------------------------------

    def of(self, request: Request, *, port: int = 0, correlate: Correlate | None = None) -> Told:
        """On whose behalf a request is that came to a port group."""
        told = self.told(request, port=port, correlate=correlate)
        self.counts[told.way] += 1
        return told

    def told(self, request: Request, *, port: int = 0, correlate: Correlate | None = None) -> Told:
        """The same, without counting the call."""
        if (baggage := request.header("baggage")) is not None:
            caller = self._in_baggage(baggage)
            if caller is not None and not request.path.startswith(PREFIX):
                return Told(caller, "baggage", request)  # as nearly all that tell are told
        session = None
        if request.path.startswith(PREFIX):
            request, session = self._without_prefix(request)
        for way, caller in self._ways(request, session, port, correlate):
            if caller is not None:
                return Told(caller=caller, way=way, request=request)
        return Told(caller=None, way="nothing", request=request)

    def at(self, port: int) -> Caller | None:
        """On whose behalf a connection is opened at a port group."""
        return self._at_port(port) if port else self._alone()

    def _ways(
        self, request: Request, session: str | None, port: int, correlate: Correlate | None
    ) -> Iterator[tuple[str, Caller | None]]:
        if (baggage := request.header("baggage")) is not None:
            yield "baggage", self._in_baggage(baggage)
        if (parent := request.header("traceparent")) is not None:
            found = _TRACEPARENT.fullmatch(parent.strip())
            yield "traceparent", None if found is None else self._traces.get(found[1])
        if session is not None:
            yield "prefix", self._callers.get(session)
        if port:
            yield "port", self._at_port(port)
        if correlate is not None:
            named = correlate(request, self._callers)
            yield "correlate", None if named is None else self._callers.get(named)
        if not port:
            yield "alone", self._alone()

    def _in_baggage(self, baggage: str) -> Caller | None:
        session, turn = _named_in(baggage)
        caller = self._callers.get(session)
        if caller is None and self.strangers and session:
            return _stranger(session, turn)
        if caller is None or not (turn.isascii() and turn.isdigit()):
            return caller
        return caller if int(turn) == caller.turn else replaced(caller, turn=int(turn))

    def _without_prefix(self, request: Request) -> tuple[Request, str | None]:
        token, slash, rest = request.path[len(PREFIX) :].partition("/")
        if (session := self._tokens.get(token)) is None:
            return request, None
        return replaced(request, path=slash + rest or "/"), session

    def _at_port(self, port: int) -> Caller | None:
        here = [session for session, at in self._turns.items() if at == port]
        return self._callers[here[0]] if len(here) == 1 else None

    def _alone(self) -> Caller | None:
        there = self._turns.keys() | self._told.keys() if self._told else self._turns
        return self._callers[next(iter(there))] if len(there) == 1 else None


@lru_cache(maxsize=4096)
def _named_in(baggage: str) -> tuple[str, str]:
    """The session and the turn that a baggage header names; "" for what it does not."""
    members = dict(_members(baggage))
    return members.get(SESSION, ""), members.get(TURN, "")


@lru_cache(maxsize=4096)
def _stranger(session: str, turn: str) -> Caller:
    """Who asks for a session that nothing is known of."""
    number = int(turn) if turn.isascii() and turn.isdigit() else 1
    return Caller(session=session, turn=number)


def _members(baggage: str) -> Iterator[tuple[str, str]]:
    """The members of a baggage header without their properties (W3C Baggage, 3.3)."""
    for member in baggage.split(","):
        name, equals, value = member.partition(";")[0].partition("=")
        if equals:
            yield name.strip(), unquote(value.strip())


@lru_cache(maxsize=4096)
def _trace(seed: int, session: str, turn: int) -> str:
    return _hash("trace", seed, session, turn)


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
