"""What a provider is: its routes, its way of reading and writing, and its words for refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeGuard

from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.dialect import Dialect
from evalkit.services.llm.limits import Level
from evalkit.services.llm.refusals import Problem, Refused
from evalkit.wire import Headers, Reply, Request

EVENTS: Headers = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
)
"""The headers of a stream of server-sent events."""


class Speaking(Protocol):
    """An endpoint where a model speaks: it only translates."""

    @property
    def dialect(self) -> Dialect:
        """How to recognise and leave out parts of what it wrote."""
        ...

    def read(self, call: Call) -> Asked:
        """What is asked. Raises `Refused`."""
        ...

    def whole(self, delivery: Delivery) -> bytes:
        """The JSON of the reply in one piece."""
        ...

    def stream(self, delivery: Delivery) -> Iterator[Piece]:
        """The reply in pieces, each with its token."""
        ...

    def kind_of_stream(self, asked: Asked) -> Headers:
        """The headers that say what the stream is."""
        ...


class Backend(Protocol):
    """What an endpoint that needs no model asks of its service."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models there are."""
        ...

    def check_model(self, model: str, call: Call) -> None:
        """Refuse a model that is not there. Raises `Refused`."""
        ...

    def check_context(self, asked: Asked, call: Call) -> None:
        """Refuse what is too long. Raises `Refused`."""
        ...

    def counted(self, reply: Reply, model: str, call: Call) -> Reply:
        """The reply, counted against the rate limits by its usage. Raises `Refused`."""
        ...


Answering: TypeAlias = Callable[[Backend, Call], Reply]
"""An endpoint that no model is needed for. Raises `Refused`."""


def speaks(endpoint: Speaking | Answering) -> TypeGuard[Speaking]:
    """Whether a model speaks at this endpoint."""
    return hasattr(endpoint, "stream")


def answers(endpoint: Speaking | Answering) -> TypeGuard[Answering]:
    """Whether no model is needed at this endpoint."""
    return not speaks(endpoint)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its method and path, the name of what it does, and what answers there.

    `shown` is the path as it is told to people.
    """

    method: str
    path: re.Pattern[str]
    operation: str
    shown: str
    endpoint: Speaking | Answering


class Api(Protocol):
    """One provider's API, as the services of one world speak it."""

    @property
    def kind(self) -> str:
        """What `service:` says."""
        ...

    @property
    def routes(self) -> Sequence[Route]:
        """Its endpoints; of several that fit a path the first answers."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are listed where the definition names none."""
        ...

    def key(self, request: Request) -> str | None:
        """The key that a request brings, or None."""
        ...

    def refused(self, problem: Problem, request: Request) -> Refused:
        """A refusal in the API's words."""
        ...

    def headers(self, call: Call) -> Headers:
        """What every reply has."""
        ...

    def limit_headers(self, levels: Mapping[str, Level], call: Call) -> Headers:
        """How the rate limits stand."""
        ...

    def unlimited(self, used: Mapping[str, int], call: Call) -> Headers:
        """What is told of rate limits where none is configured: generous ones, as if this request
        were alone.
        """
        ...


def route(
    method: str, path: str, operation: str, shown: str, endpoint: Speaking | Answering
) -> Route:
    """A route; its path is a regular expression, whose named groups are told to the endpoint."""
    return Route(method, re.compile(path), operation, shown, endpoint)
