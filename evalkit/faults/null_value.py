"""`null_value: true`: a field is there and holds null."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, Where, is_member, places, put
from evalkit.keyed import Draw
from evalkit.wire import Reply


class NullValue(DataFault):
    """A named field of the reply's JSON holds null."""

    name: ClassVar[str] = "null_value"
    bare: ClassVar[bool] = True

    null_value: Literal[True] = Field(description="A field holds null")
    path: DataPath | None = Field(None, description=PATH)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data with null in the field."""
        del reply
        for where in places(self.path, value, _is_set, draw):
            value = put(value, where, lambda _: None)
        return value


def _is_set(where: Where, value: Any) -> bool:
    return value is not None and is_member(where, value)
