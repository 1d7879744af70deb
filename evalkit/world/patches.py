"""Attributes that a world replaces while it runs, and puts back."""

from __future__ import annotations

from typing import Any

_ABSENT = object()


class Patches:
    """Replaced attributes, in order."""

    def __init__(self) -> None:
        self._saved: list[tuple[Any, str, object]] = []

    def set(self, holder: Any, name: str, value: object) -> None:
        """Replace an attribute of a module, class or object."""
        self._saved.append((holder, name, vars(holder).get(name, _ABSENT)))
        setattr(holder, name, value)

    def remove(self) -> None:
        """Put everything back, the last first."""
        while self._saved:
            holder, name, value = self._saved.pop()
            if value is _ABSENT:
                delattr(holder, name)
            else:
                setattr(holder, name, value)
