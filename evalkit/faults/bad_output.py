"""`bad_output: types`: structured content that breaks the tool's output schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed_result
from evalkit.keyed import Draw
from evalkit.wire import Reply


class BadOutput(Fault):
    """The structured content of an MCP tool's result is not what its output schema promises.

    missing: there is none; empty: it has no fields; types: texts become numbers, all else texts.
    The content that models read stays as it is.
    """

    name: ClassVar[str] = "bad_output"

    bad_output: Literal["missing", "empty", "types"] = Field(
        description="What is wrong with the structured content"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with that content; one that has none, or is a failure, stays as it is."""
        del draw
        return changed_result(reply, self._broken, self.name)

    def _broken(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        structure = result.get("structuredContent")
        if not isinstance(structure, dict):
            return result
        if self.bad_output == "missing":
            return {key: each for key, each in result.items() if key != "structuredContent"}
        broken = {} if self.bad_output == "empty" else _flipped(structure)
        return {**result, "structuredContent": broken}


def _flipped(structure: Mapping[str, Any]) -> dict[str, Any]:
    return {key: 0 if isinstance(each, str) else str(each) for key, each in structure.items()}
