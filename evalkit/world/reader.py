"""Turns bytes into HTTP/1.1 requests, by httptools.

Nothing that a client sends raises out of a reader: what is no HTTP is refused with 400, what is
too large with 413 or 431, a change of protocol with 501.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

import httptools

from evalkit.wire import Fields, Headers, Request
from evalkit.world import heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a request may hold, in bytes, and how many may wait on one connection, of which the
    bodies are no larger together than one may be. A client that leaves more than `unread` bytes of
    replies unread gets no further one.
    """

    head: int = 64 * 1024
    body: int = 64 * 1024 * 1024
    pipelined: int = 64
    unread: int = 64 * 1024 * 1024


class Room:
    """How many bytes of unfinished requests a network holds, in all connections together."""

    def __init__(self, most: int = 512 * 1024 * 1024) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Take so many bytes; False where there is no room for them."""
        self._left -= size
        return self._left >= 0

    def fits(self, size: int) -> bool:
        """Whether there is room for so many bytes."""
        return self._left >= size

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self._left += size


class Arrived(NamedTuple):
    """A request that is complete. `old` says that the client speaks HTTP/1.0."""

    request: Request
    keep_alive: bool
    old: bool


_NAMES: dict[bytes, str] = {}
_MOST_NAMES = 1024


def _name(written: bytes) -> str:
    """The name of a header in lower case."""
    name = written.decode("latin-1").lower()
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[written] = name
    return name


class _TooLargeError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class RequestReader:
    """Reads the requests of one connection. After a refusal it takes nothing more.

    What it holds of a request that is not complete is bounded, and counts in `room`.
    """

    def __init__(self, limits: Limits, room: Room | None = None) -> None:
        self._limits = limits
        self._room = room or Room()
        self._body: bytes | bytearray = b""
        self._body_size = 0
        self._parser = httptools.HttpRequestParser(self)
        self._arrived: list[Arrived] = []
        self._unread = 0  # bytes that the parser keeps to itself for now
        self._told = False
        self.refusal: HTTPStatus | None = None
        self.within_request = False
        self.expects_continue = False
        self._reset()

    def feed(self, data: bytes) -> list[Arrived]:
        """Take bytes in, and give back the requests that are complete by now."""
        if self.refusal is not None:
            return []
        between = not (self.within_request or self._unread)
        end = heads.end_in(data) if between else 0
        if (known := self._known(data, end)) is not None:
            return [Arrived(known, keep_alive=True, old=False)]
        self.refusal = self._parse(data)
        if self.refusal is not None:
            self.drop()
        arrived, self._arrived = self._arrived, []
        if between and len(arrived) == 1 and not self.within_request:
            request, keep_alive, old = arrived[0]
            if keep_alive and not old:
                heads.remember(data, end, request)
        return arrived

    def _known(self, data: bytes, end: int) -> Request | None:
        """A request that came whole and whose head, which ends there, was read before."""
        size = len(data) - end
        if size > self._limits.body or end > self._limits.head or not self._room.fits(size):
            return None
        return heads.known(data, end)

    def drop(self) -> None:
        """Forget what is not complete."""
        self._room.give(self._body_size)
        self._reset()

    def _parse(self, data: bytes) -> HTTPStatus | None:
        self._told = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return HTTPStatus.NOT_IMPLEMENTED
        except httptools.HttpParserError as error:
            cause = error.__context__
            return cause.status if isinstance(cause, _TooLargeError) else HTTPStatus.BAD_REQUEST
        self._unread = 0 if self._told else self._unread + len(data)
        too_long = max(self._unread, self._head_size) > self._limits.head
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else None

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._head_size = self._body_size = 0

    # Callbacks of httptools --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins: what there was of another one is forgotten by now."""
        self._told = self.within_request = True

    def on_url(self, part: bytes) -> None:
        """A part of the request target."""
        self._told = True
        self._head_size += len(part)
        self._check_head()
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._told = True
        self._head_size += len(name) + len(value)
        if self._head_size > self._limits.head:
            self._check_head()
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._told = True
        self._check_head()
        self.expects_continue = any(
            len(name) == len(b"expect")
            and name.lower() == b"expect"
            and value.lower() == b"100-continue"
            for name, value in self._headers
        )

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._told = True
        self.expects_continue = False
        self._body_size += len(part)
        if not self._room.take(len(part)):
            raise _TooLargeError(HTTPStatus.SERVICE_UNAVAILABLE)
        if self._body_size > self._limits.body:
            raise _TooLargeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not self._body:
            self._body = part  # most come in one part
        else:
            self._body = bytearray(self._body) if type(self._body) is bytes else self._body
            self._body += part

    def on_message_complete(self) -> None:
        """The request is complete. One that changes the protocol is refused instead."""
        self._told = True
        self.within_request = self.expects_continue = False
        self._room.give(self._body_size)
        if len(self._arrived) > self._limits.pipelined:
            self._body_size = 0
            raise _TooLargeError(HTTPStatus.SERVICE_UNAVAILABLE)
        if not self._parser.should_upgrade():
            old = self._parser.get_http_version() == "1.0"
            keep_alive = self._parser.should_keep_alive()
            self._arrived.append(Arrived(self._request(), keep_alive, old))
        self._reset()

    def _request(self) -> Request:
        named = _NAMES.get
        headers = Fields(
            [(named(name) or _name(name), value.decode("latin-1")) for name, value in self._headers]
        )
        host, path, query = _target(self._target, headers)
        return Request(
            method=self._parser.get_method().decode("latin-1"),
            path=unquote(path) if "%" in path else path,
            host=host,
            query=tuple(parse_qsl(query, keep_blank_values=True)) if query else (),
            headers=headers,
            body=bytes(self._body),
        )

    def _check_head(self) -> None:
        if self._head_size > self._limits.head:
            raise _TooLargeError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _target(target: bytes, headers: Headers) -> tuple[str, str, str]:
    """Host, path and query of a request target (RFC 9112, section 3.2)."""
    text = target.decode("latin-1").partition("#")[0]
    host = next((value for name, value in headers if name == "host"), "")
    before_query, _, query = text.partition("?")
    _, absolute, rest = before_query.partition("://")
    if before_query.startswith("/") or not absolute:
        return host, before_query, query
    host, slash, path = rest.partition("/")  # absolute form, as sent to a proxy
    return host.rpartition("@")[2], slash + path or "/", query
