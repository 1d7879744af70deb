"""`bad_arguments: broken`: the model calls a tool with arguments that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import SpeechFault, as_text, misfit, object_in
from evalkit.keyed import Draw
from evalkit.wire import Said


class BadArguments(SpeechFault):
    """The arguments of every tool call are wrong. Gemini tells of broken ones by a finish reason of
    its own, and keeps the call to itself.
    """

    name: ClassVar[str] = "bad_arguments"
    breaks: ClassVar[bool] = True

    bad_arguments: Literal["broken", "missing", "types"] = Field(
        description="broken: they end too early, and are no JSON; missing: they lack their first "
        "field; types: texts become numbers, all else texts"
    )

    def changed(self, said: Said, draw: Draw) -> Said:
        """What is said, with those arguments."""
        del draw
        return replace(said, calls=tuple((name, self._wrong(each)) for name, each in said.calls))

    def _wrong(self, arguments: str) -> str:
        if self.bad_arguments == "broken":
            return arguments[: max(len(arguments) // 2, 1)]
        value = object_in(arguments)
        return arguments if value is None else as_text(misfit(value, self.bad_arguments))
