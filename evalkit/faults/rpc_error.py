"""`rpc_error: -32603`: an error of the protocol instead of a result."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed, error_message, without_effects
from evalkit.keyed import Draw
from evalkit.wire import Reply

_TEXTS = MappingProxyType(
    {
        -32700: "Parse error",
        -32600: "Invalid request",
        -32601: "Method not found",
        -32602: "Invalid params",
        -32603: "Internal error",
        -32001: "Request timed out",
        -32000: "Connection closed",
    }
)


class RpcError(Fault):
    """A JSON-RPC response is replaced by an error, with status 200, and nothing is committed."""

    name: ClassVar[str] = "rpc_error"

    rpc_error: Annotated[int, Field(ge=-(2**31), lt=2**31, strict=True)] = Field(
        description="A code of JSON-RPC, like -32603"
    )
    message: str | None = Field(None, description="What the error says; none: what the code means")
    data: Any = Field(None, description="More about the error, for programs")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with the error; one that holds no response stays as it is."""
        del draw
        failed = changed(reply, self._failed, self.name)
        return reply if failed is reply else without_effects(failed)

    def _failed(self, message: Mapping[str, Any]) -> object:
        text = self.message or _TEXTS.get(self.rpc_error, "Server error")
        return error_message(message.get("id"), self.rpc_error, text, self.data)
