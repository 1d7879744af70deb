"""`missing_field: true`: a field that should be there is not."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, edit, is_member, places
from evalkit.keyed import Draw
from evalkit.wire import Reply


class MissingField(DataFault):
    """A named field of the reply's JSON is left out."""

    name: ClassVar[str] = "missing_field"
    bare: ClassVar[bool] = True

    missing_field: Literal[True] = Field(description="A field is left out")
    path: DataPath | None = Field(None, description=PATH)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data without the field."""
        del reply
        return edit(value, places(self.path, value, is_member, draw), _without)


def _without(holder: Any, name: str | int) -> Any:
    return {key: each for key, each in holder.items() if key != name}
