"""Tables of what is imported when it is first asked for.

A suite uses few of the faults, checks and services that there are, and every command and every
process for cells would import them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


class Imported(Mapping[str, T]):
    """Objects by name, each written as `module:Name`, the module inside of `package`."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._package = package
        self._places = dict(places)
        self._found: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        try:
            return self._found[name]
        except KeyError:
            module, _, attribute = self._places[name].partition(":")
        found: T = getattr(import_module(f"{self._package}.{module}"), attribute)
        return self._found.setdefault(name, found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places
