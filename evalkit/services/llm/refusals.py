"""Why a request is refused, before any provider has put it into its own words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from evalkit.services.bodies import json_reply
from evalkit.services.llm.limits import Spent
from evalkit.services.llm.reply import NoReply
from evalkit.wire import Headers, Reply


class Refused(Exception):
    """A request that the real API refuses, in that API's words: a status and a JSON body."""

    def __init__(
        self,
        status: int,
        body: dict[str, Any],
        *,
        headers: Headers = (),
        complaint: str | None = None,
    ) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers
        self.complaint = complaint

    def sign(self, seed: str) -> None:
        """Told what the ids of the request are made of, for APIs whose errors bear one."""

    def reply(self) -> Reply:
        """The reply that says so."""
        reply = json_reply(self.body, status=self.status, headers=self.headers)
        return replace(reply, complaint=self.complaint)


@dataclass(frozen=True, slots=True)
class NoKey:
    """The request brings no key."""


@dataclass(frozen=True, slots=True)
class WrongKey:
    """The request brings another key than the one required."""

    key: str


@dataclass(frozen=True, slots=True)
class UnknownModel:
    """There is no such model."""

    model: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """The conversation (and the tokens kept for the reply) do not fit into the context."""

    limit: int
    tokens: int
    reserved: int


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """The path is there for another method."""

    method: str
    path: str
    allowed: str


@dataclass(frozen=True, slots=True)
class UnknownPath:
    """There is no such path; `known` says which there are."""

    method: str
    path: str
    known: str

    @property
    def complaint(self) -> str:
        """What the author of the suite is told."""
        return f"Invalid URL ({self.method} {self.path[:200]}); the mock has {self.known}"


@dataclass(frozen=True, slots=True)
class Limited:
    """A rate limit is used up."""

    model: str
    spent: Spent


@dataclass(frozen=True, slots=True)
class Unscripted:
    """The script has nothing to say: an error that no client should ask again about."""

    nothing: NoReply

    @property
    def status(self) -> int:
        """500 where a rule failed, else 400."""
        return 500 if self.nothing.failed else 400


Problem: TypeAlias = (
    NoKey | WrongKey | UnknownModel | TooLong | WrongMethod | UnknownPath | Limited | Unscripted
)

NO_RETRY: Headers = (("x-should-retry", "false"),)
"""What keeps the official clients from asking again."""


def short(text: str, length: int = 100) -> str:
    """The beginning of a text that a client sent."""
    return text[:length]


def seconds_up(ns: int) -> int:
    """Whole seconds that are enough."""
    return max(-(-ns // 1_000_000_000), 1)


def milliseconds_up(ns: int) -> int:
    """Whole milliseconds that are enough."""
    return max(-(-ns // 1_000_000), 1)
