"""`call_tool: {name: close_account, arguments: {id: 7}}`: the model calls this tool instead."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from evalkit.faults.speech import SpeechFault, as_text
from evalkit.keyed import Draw
from evalkit.wire import Said


class CalledTool(BaseModel):
    """The call that is made."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    arguments: Any = Field({}, description="A value; a text is sent as it is, be it JSON or not")


class CallTool(SpeechFault):
    """Whatever the model would have said, it calls this tool, be it offered or not: a model that
    was talked into it, or that misunderstood.
    """

    name: ClassVar[str] = "call_tool"
    templated: ClassVar[tuple[str, ...]] = ("call_tool",)

    call_tool: CalledTool = Field(
        description="The tool's name and arguments, which may hold templates over the session"
    )

    def changed(self, said: Said, draw: Draw) -> Said:
        """That call, and nothing else."""
        del draw
        given = self.call_tool.arguments
        arguments = given if isinstance(given, str) else as_text(given)
        return Said(calls=((self.call_tool.name, arguments),), confidence=said.confidence)
