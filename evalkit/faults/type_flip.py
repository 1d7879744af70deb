"""`type_flip: true`: a value arrives as another type."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, Where, places, put
from evalkit.keyed import Draw
from evalkit.wire import Reply


class TypeFlip(DataFault):
    """A value of the reply's JSON has another type than it should.

    A number or truth value becomes its text, a text that is a number becomes that, any other text
    a list of it; a list becomes a mapping by index, a mapping a list of its values.
    """

    name: ClassVar[str] = "type_flip"
    bare: ClassVar[bool] = True

    type_flip: Literal[True] = Field(description="A value has another type")
    path: DataPath | None = Field(None, description=PATH)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data with the value flipped."""
        del reply
        fits = _is_value if self.path is None else _is_set
        for where in places(self.path, value, fits, draw):
            value = put(value, where, flipped)
        return value


def flipped(value: Any) -> Any:
    """The value as another type."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return {str(place): each for place, each in enumerate(value)}
    return json.loads(value) if _NUMBER.fullmatch(value) else [value]


_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?")


def _is_set(where: Where, value: Any) -> bool:
    del where
    return value is not None


def _is_value(where: Where, value: Any) -> bool:
    return bool(where) and isinstance(value, bool | int | float | str)
