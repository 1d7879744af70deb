"""`empty_data: true`: nothing was found, says a reply that should hold something."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, Where, every_place, places, put
from evalkit.keyed import Draw
from evalkit.wire import Reply


class EmptyData(DataFault):
    """The lists of the reply's JSON are empty; one without a list is `{}`.

    Counts and links beside a list stay as they are. With `path`, what it finds is emptied.
    """

    name: ClassVar[str] = "empty_data"
    bare: ClassVar[bool] = True

    empty_data: Literal[True] = Field(description="Lists are empty")
    path: DataPath | None = Field(None, description=PATH)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data without its records."""
        del reply
        if self.path is not None:
            found = places(self.path, value, _holds_much, draw)
        else:
            lists = [where for where in every_place(value) if _is_outer_list(value, where)]
            found = lists or list(every_place(value))[:1]
        for where in sorted(found, key=len, reverse=True):
            value = put(value, where, lambda each: type(each)())
        return value


def _holds_much(where: Where, value: Any) -> bool:
    del where
    return isinstance(value, dict | list)


def _is_outer_list(value: Any, where: Where) -> bool:
    """Whether a list stands here that is in no other list."""
    for step in where:
        if isinstance(value, list):
            return False
        value = value[step]
    return isinstance(value, list)
