"""`tool_schema: create_ticket`: a tool asks for other arguments than before."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from pydantic import Field, model_validator

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed_result
from evalkit.keyed import Draw
from evalkit.wire import Reply


class ToolSchema(Fault):
    """The input schema that lists show of an MCP tool is another; what the tool takes is not.

    So the list and the tool disagree, as they do while a server is being replaced.
    """

    name: ClassVar[str] = "tool_schema"
    breaks: ClassVar[bool] = False

    tool_schema: str = Field(description="The tool, or a glob of names")
    rename: Mapping[str, str] = Field({}, description="New names of arguments, by their old ones")
    drop: tuple[str, ...] = Field((), description="Arguments that are left out")
    require: tuple[str, ...] = Field((), description="Arguments, known or new, that are required")

    @model_validator(mode="after")
    def _some_change(self) -> ToolSchema:
        if not (self.rename or self.drop or self.require):
            raise ValueError("tool_schema needs one of `rename`, `drop` and `require`")
        return self

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The list with the other schema; another reply stays as it is."""
        del draw
        return changed_result(reply, self._listed, self.name)

    def _listed(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        tools = result.get("tools")
        if not isinstance(tools, list):
            return result
        return {**result, "tools": [self._tool(each) for each in tools]}

    def _tool(self, tool: Any) -> Any:
        if not isinstance(tool, dict) or not fnmatchcase(str(tool.get("name")), self.tool_schema):
            return tool
        schema = tool.get("inputSchema")
        return {**tool, "inputSchema": self._schema(schema if isinstance(schema, dict) else {})}

    def _schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        kept = {
            self.rename.get(name, name): each
            for name, each in properties.items()
            if name not in self.drop
        }
        required = [
            self.rename.get(name, name)
            for name in schema.get("required", [])
            if name not in self.drop
        ]
        new = {name: {"type": "string"} for name in self.require if name not in kept}
        required += [name for name in self.require if name not in required]
        return {**schema, "properties": {**kept, **new}, "required": required}
