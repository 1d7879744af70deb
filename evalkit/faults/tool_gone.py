"""`tool_gone: create_ticket`: a tool is no longer there."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import Message, changed, changed_result, error_message, without_effects
from evalkit.keyed import Draw
from evalkit.wire import Reply

_CALL = "tools/call "


class ToolGone(Fault):
    """The MCP tools of this name are left out of lists, and a call of one is an unknown tool's.

    Hit the calls only (`at: desk tools/call *`) for a tool that goes after it was listed, the
    lists only for one that is there but not shown. With `renamed` the lists show it under that
    name, which the service does not know.
    """

    name: ClassVar[str] = "tool_gone"

    tool_gone: str = Field(description="The tool, or a glob of names like *_ticket")
    renamed: str | None = Field(None, description="The name that lists have instead")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The list without the tool, or the refusal of the call; another reply stays as it is."""
        del draw
        route = reply.route or ""
        if not route.startswith(_CALL):
            return changed_result(reply, self._without, self.name)
        tool = route.removeprefix(_CALL)
        if not fnmatchcase(tool, self.tool_gone):
            return reply

        def unknown(message: Message) -> object:
            return error_message(message.get("id"), -32602, f"Unknown tool: {tool}")

        return without_effects(changed(reply, unknown, self.name))

    def _without(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        tools = result.get("tools")
        if not isinstance(tools, list):
            return result
        return {**result, "tools": [each for tool in tools for each in self._shown(tool)]}

    def _shown(self, tool: Any) -> list[Any]:
        if not isinstance(tool, dict) or not fnmatchcase(str(tool.get("name")), self.tool_gone):
            return [tool]
        return [] if self.renamed is None else [{**tool, "name": self.renamed}]
