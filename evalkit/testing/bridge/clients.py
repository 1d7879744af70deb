"""Has respx stand in for httpx2's transport as it does for that of httpx.

respx patches `httpcore`, the transport under httpx; `httpcore2` is the one under httpx2, and is
patched in the same manner. What a route raises is raised as the client's own library has it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import httpx
import respx.mocks


def translated(error: Exception) -> Exception:
    """An error of httpcore's as httpcore2 has it, one of httpx's as httpx2 has it."""
    import httpcore2
    import httpx2

    name = type(error).__name__
    if isinstance(error, httpx.TransportError):
        kind = getattr(httpx2, name, httpx2.TransportError)
    elif type(error).__module__.partition(".")[0] == "httpcore":
        kind = getattr(httpcore2, name, httpcore2.NetworkError)
    else:
        return error
    made = kind(str(error))
    assert isinstance(made, Exception)
    return made


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        other = translated(error)
        if other is error:
            raise
        raise other from None


class TranslatedBody:
    """A body whose errors are those of httpcore2."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _translating():
            yield from self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translating():
            async for part in self._stream:
                yield part

    def close(self) -> None:
        """Be through with it."""
        self._stream.close()

    async def aclose(self) -> None:
        """Be through with it."""
        await self._stream.aclose()


class HTTPCore2Mocker(respx.mocks.HTTPCoreMocker):
    """What respx has for httpcore, for httpcore2."""

    name = "httpcore2"
    targets: ClassVar[list[str]] = [
        each.replace("httpcore.", "httpcore2.", 1) for each in respx.mocks.HTTPCoreMocker.targets
    ]

    @classmethod
    def _send_sync_request(
        cls, httpx_request: httpx.Request, *, target_spec: Any, instance: Any, **kwargs: Any
    ) -> Any:
        with _translating():
            return super()._send_sync_request(  # type: ignore[no-untyped-call]
                httpx_request, target_spec=target_spec, instance=instance, **kwargs
            )

    @classmethod
    async def _send_async_request(
        cls, httpx_request: httpx.Request, *, target_spec: Any, instance: Any, **kwargs: Any
    ) -> Any:
        with _translating():
            return await super()._send_async_request(  # type: ignore[no-untyped-call]
                httpx_request, target_spec=target_spec, instance=instance, **kwargs
            )

    @classmethod
    def from_sync_httpx_response(
        cls, httpx_response: httpx.Response, target: Any, **kwargs: Any
    ) -> Any:
        """The response as httpcore2 has it."""
        import httpcore2

        del target, kwargs
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=TranslatedBody(httpx_response.stream),
            extensions=httpx_response.extensions,
        )


def mockers() -> list[type[respx.mocks.Mocker]]:
    """Those of the client libraries that are installed."""
    found: list[type[respx.mocks.Mocker]] = [respx.mocks.HTTPCoreMocker]
    if importlib.util.find_spec("httpcore2") is not None:
        found.append(HTTPCore2Mocker)
    return found


@contextmanager
def routed(router: respx.Router) -> Iterator[None]:
    """Have the clients of every installed library ask this router, for as long."""
    started: list[type[respx.mocks.Mocker]] = []
    try:
        for each in mockers():
            each.register(router)
            started.append(each)
            each.start()
        yield
    finally:
        for each in started:
            each.unregister(router)
            each.stop()
