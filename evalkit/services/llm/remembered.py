"""What was made once of the same things, and would be made of them again."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by the two very objects that they were made of. These are kept along, so that no other
    object can have their ids; where there are `most`, all are forgotten.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._made: dict[tuple[int, int], tuple[T, object, object]] = {}

    def get(self, first: object, second: object) -> T | None:
        """What was made of these; None where that is not known."""
        found = self._made.get((id(first), id(second)))
        return None if found is None else found[0]

    def keep(self, value: T, first: object, second: object) -> T:
        """Remember what was made of these, and give it back."""
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[id(first), id(second)] = value, first, second
        return value
