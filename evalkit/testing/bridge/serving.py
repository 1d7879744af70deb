"""Answers the requests of HTTP clients from services, one at a time, in no time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from threading import RLock

import httpcore
import httpx

from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.errors import UsageError
from evalkit.journal.records import Outcome
from evalkit.testing.bridge.playing import PlayedStream
from evalkit.wire import Reply, Request
from evalkit.world.clock import NS, Clock
from evalkit.world.endpoint import Exchange


class PlayedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response as it comes, for clients of both kinds."""

    def __init__(
        self, response: httpcore.Response, closed: Callable[[], None], lock: RLock
    ) -> None:
        self._response = response
        self._closed = closed
        self._lock = lock

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._response.stream, Iterable)
        parts = iter(self._response.stream)
        while True:
            with self._lock:
                part = next(parts, None)
            if part is None:
                return
            yield part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part

    def close(self) -> None:
        """Be through with it."""
        with self._lock:
            self._response.close()
            self._closed()

    async def aclose(self) -> None:
        """Be through with it."""
        self.close()


class Serving:
    """Answers for one service. The clock moves by what replies would have taken."""

    def __init__(self, endpoint: ServiceEndpoint, clock: Clock, lock: RLock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = lock

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The response. Raises what `httpcore` does where there is none."""
        with self._lock:
            self._connect(request)
            exchange = self._endpoint.open(_request(request))
            reply = _now(exchange)
            if reply is None:
                exchange.closed(Outcome.CUT, 0)
                raise httpcore.RemoteProtocolError(
                    "Server disconnected without sending a response."
                )
            return self._played(request, reply, exchange)

    def _connect(self, request: httpx.Request) -> None:
        """Every request opens a connection of its own."""
        admission = self._endpoint.connecting()
        timeout = request.extensions.get("timeout", {}).get("connect")
        if timeout is not None and admission.wait > timeout * NS:
            self._pass_time(round(timeout * NS))
            admission.over(Outcome.ABANDONED)
            raise httpcore.ConnectTimeout("the connect operation timed out")
        self._pass_time(admission.wait)
        refused = admission.refused or admission.unknown
        admission.over(Outcome.REFUSED if refused else Outcome.REPLIED)
        if admission.unknown:
            raise httpcore.ConnectError("[Errno -2] Name or service not known")
        if admission.refused:
            raise httpcore.ConnectError("[Errno 111] Connection refused")

    def _played(self, request: httpx.Request, reply: Reply, exchange: Exchange) -> httpx.Response:
        bodiless = request.method == "HEAD"
        stream = PlayedStream(reply, exchange, self._pass_time, bodiless=bodiless)
        url = _url(request)
        connection = httpcore.HTTP11Connection(origin=url.origin, stream=stream)
        answered = connection.handle_request(
            httpcore.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.content,
                extensions=request.extensions,
            )
        )
        kept = ("http_version", "reason_phrase")
        return httpx.Response(
            status_code=answered.status,
            headers=answered.headers,
            stream=PlayedBody(answered, stream.close, self._lock),
            extensions={key: answered.extensions[key] for key in kept},
            request=request,
        )

    def _pass_time(self, ns: int) -> None:
        self._clock.move_to(self._clock.now + ns)


def _now(exchange: Exchange) -> Reply | None:
    """The reply of a service that does not wait."""
    answer = exchange.reply()
    try:
        answer.send(None)
    except StopIteration as done:
        reply: Reply | None = done.value
        return reply
    answer.close()
    raise UsageError("a service that waits for something of its own needs evalkit.testing.world")


def _url(request: httpx.Request) -> httpcore.URL:
    url = request.url
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _request(request: httpx.Request) -> Request:
    """The request as a service sees it."""
    url = request.url
    return Request(
        method=request.method,
        path=url.path,
        host=url.host,
        query=tuple(url.params.multi_items()),
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in request.headers.raw
        ),
        body=request.content,
    )
