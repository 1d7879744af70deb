"""`rpc_malformed: no_version`: valid JSON that is no valid JSON-RPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import Message, changed
from evalkit.keyed import Draw
from evalkit.wire import Reply


def _without(*keys: str) -> Callable[[Message], object]:
    return lambda message: {key: each for key, each in message.items() if key not in keys}


def _both(message: Message) -> object:
    error = {"code": -32603, "message": "Internal error"}
    return {**message, "result": message.get("result", {}), "error": error}


_SHAPES: Mapping[str, Callable[[Message], object]] = MappingProxyType(
    {
        "no_version": _without("jsonrpc"),
        "no_id": _without("id"),
        "neither": _without("result", "error"),
        "both": _both,
        "batch": lambda message: [message],
        "text": lambda _: "ok",
    }
)


class RpcMalformed(Fault):
    """A JSON-RPC response arrives as JSON that the protocol does not allow.

    no_version: without `jsonrpc`; no_id: without `id`; neither: without a result and an error;
    both: with the two of them; batch: within a list; text: a text instead.
    """

    name: ClassVar[str] = "rpc_malformed"

    rpc_malformed: Literal["no_version", "no_id", "neither", "both", "batch", "text"] = Field(
        description="What is wrong with the response"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with its response in that shape."""
        del draw
        shape: Callable[[Mapping[str, Any]], object] = _SHAPES[self.rpc_malformed]
        return changed(reply, shape, self.name)
