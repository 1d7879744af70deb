"""`partial_page: true`: a page ends before it should, and does not say so."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, Where, places, put
from evalkit.keyed import Draw
from evalkit.wire import Reply


class PartialPage(DataFault):
    """A list of the reply's JSON lacks its last items: half of them, or all but `keep`.

    Counts and links to the next page stay as they are.
    """

    name: ClassVar[str] = "partial_page"
    bare: ClassVar[bool] = True

    partial_page: Literal[True] = Field(description="A list lacks its last items")
    path: DataPath | None = Field(None, description=PATH)
    keep: int | None = Field(None, ge=0, strict=True, description="How many items are still there")

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data with the list cut short."""
        del reply
        for where in places(self.path, value, self._can_lose, draw):
            value = put(value, where, self._cut)
        return value

    def _can_lose(self, where: Where, value: Any) -> bool:
        del where
        return isinstance(value, list) and len(value) > (self.keep or 0)

    def _cut(self, items: list[Any]) -> list[Any]:
        return items[: len(items) // 2 if self.keep is None else self.keep]
