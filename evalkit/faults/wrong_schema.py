"""`wrong_schema: types`: the structured output is not what its JSON Schema asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import SpeechFault, as_text, misfit, object_in
from evalkit.keyed import Draw
from evalkit.wire import Said


class WrongSchema(SpeechFault):
    """A text that is a JSON object becomes another that its reader did not ask for."""

    name: ClassVar[str] = "wrong_schema"
    breaks: ClassVar[bool] = True

    wrong_schema: Literal["missing", "types", "prose"] = Field(
        description="missing: it lacks its first field; types: texts become numbers, all else "
        "texts; prose: it is fenced and introduced, as by a model that explains itself"
    )

    def changed(self, said: Said, draw: Draw) -> Said:
        """What is said, with that output; a text that is no JSON object stays as it is."""
        del draw
        value = object_in(said.text)
        if value is None:
            return said
        if self.wrong_schema == "prose":
            return replace(said, text=f"Here is the result:\n\n```json\n{said.text}\n```")
        return replace(said, text=as_text(misfit(value, self.wrong_schema)))
