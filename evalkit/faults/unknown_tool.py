"""`unknown_tool: true`: the model calls a tool that there is not."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import SpeechFault
from evalkit.keyed import Draw
from evalkit.wire import Said

_INVENTED = "_v2"
_OUT_OF_NOTHING = "search_records"


class UnknownTool(SpeechFault):
    """The first tool that the model calls bears a name that nobody offered it. Where it calls none,
    it calls one now, without arguments.
    """

    name: ClassVar[str] = "unknown_tool"
    bare: ClassVar[bool] = True

    unknown_tool: Literal[True] | Annotated[str, Field(min_length=1)] = Field(
        description="The name; true: that of the tool meant with _v2 behind it"
    )

    def changed(self, said: Said, draw: Draw) -> Said:
        """What is said, with that call in it."""
        del draw
        name, arguments = said.calls[0] if said.calls else (_OUT_OF_NOTHING, "{}")
        invented = f"{name}{_INVENTED}" if self.unknown_tool is True else self.unknown_tool
        text = said.text if said.calls else None
        calls = ((invented, arguments), *said.calls[1:])
        return Said(text=text, calls=calls, confidence=said.confidence)
