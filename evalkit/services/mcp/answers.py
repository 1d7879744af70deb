"""What a server is asked and what it answers, whatever carries the two."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from evalkit.services.mcp.rpc import INVALID_PARAMS, Message, RpcError, result_body
from evalkit.services.rest.variables import variables_of
from evalkit.wire import Effect, Request

Notice: TypeAlias = tuple[int, Mapping[str, Any]]
"""A notification of the server, and how many nanoseconds after the request it is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a client. `since` is the world time of the client's first one."""

    message: Message
    version: str
    since: int
    request: Request
    starts_at_ns: int

    @property
    def elapsed(self) -> int:
        """Nanoseconds since the client's first request."""
        return max(0, self.request.at - self.since)

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the message."""
        return self.message.params

    def variables(self, names: Collection[str], **own: Any) -> dict[str, Any]:
        """What templates see; `own` are the variables that only some of them have."""
        wanted = [name for name in names if name in ("headers", "now")]
        return {**variables_of(self.request, {}, wanted, self.starts_at_ns), **own}

    def text(self, key: str) -> str:
        """A parameter that must be a text. Raises `RpcError`."""
        value = self.params.get(key)
        if not isinstance(value, str):
            raise RpcError(INVALID_PARAMS, f"Invalid params: `{key}` must be a text")
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A parameter that is an object or missing. Raises `RpcError`."""
        value = self.params.get(key)
        if value is not None and not isinstance(value, dict):
            raise RpcError(INVALID_PARAMS, f"Invalid params: `{key}` must be an object")
        return value or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered: a result or an error, `latency` nanoseconds after the request; None is the
    service's latency.

    `notices` are sent on the way. Where it `stays_open` there is no result, and it is for the
    client to end it. `taken` is called when the service takes the request on.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
    error: RpcError | None = None
    notices: tuple[Notice, ...] = ()
    latency: int | None = None
    effects: tuple[Effect, ...] = ()
    taken: tuple[Callable[[], None], ...] = ()
    failed: bool = False
    complaint: str | None = None
    breaches: tuple[str, ...] = ()
    stays_open: bool = False

    def body(self, message: Message) -> dict[str, Any]:
        """The response to this request."""
        if self.error is not None:
            return self.error.body(message.id)
        return result_body(message.id, self.result)
