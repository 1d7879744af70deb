"""`tool_error: out of stock`: a tool says that it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed_result, without_effects
from evalkit.keyed import Draw
from evalkit.wire import Reply


class ToolError(Fault):
    """The result of an MCP tool is replaced by one with `isError`, and nothing is committed."""

    name: ClassVar[str] = "tool_error"
    bare: ClassVar[bool] = True

    tool_error: Literal[True] | str = Field(
        description="What the tool says; true: that something went wrong"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with the failure; one that is no result of a tool stays as it is."""
        del draw
        failed = changed_result(reply, self._failed, self.name)
        return reply if failed is reply else without_effects(failed)

    def _failed(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        if "content" not in result:
            return result
        text = "Something went wrong." if self.tool_error is True else self.tool_error
        kept = {key: each for key, each in result.items() if key != "structuredContent"}
        return {**kept, "content": [{"type": "text", "text": text}], "isError": True}
