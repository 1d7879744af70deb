"""`renamed_field: true`: a field goes by another name."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, edit, is_member, places
from evalkit.keyed import Draw
from evalkit.wire import Reply


class RenamedField(DataFault):
    """A named field of the reply's JSON goes by another name.

    Without `to`, snake_case becomes camelCase and the other way round; a name of one word gets a
    `_v2`.
    """

    name: ClassVar[str] = "renamed_field"
    bare: ClassVar[bool] = True

    renamed_field: Literal[True] = Field(description="A field goes by another name")
    path: DataPath | None = Field(None, description=PATH)
    to: str | None = Field(None, min_length=1, description="The new name")

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data with the field renamed, in its old place."""
        del reply
        return edit(value, places(self.path, value, is_member, draw), self._renamed)

    def _renamed(self, holder: Any, name: str | int) -> Any:
        new = self.to or other_name(str(name))
        return {new if key == name else key: each for key, each in holder.items()}


def other_name(name: str) -> str:
    """The name as another API would write it."""
    camel = re.sub(r"(?<=[A-Za-z0-9])_([A-Za-z0-9])", lambda found: found[1].upper(), name)
    if camel != name:
        return camel
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
    return snake if snake != name else f"{name}_v2"
