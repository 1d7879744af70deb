"""The headers of requests and replies, their names in lower case."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Fields(tuple[tuple[str, str], ...]):  # noqa: SLOT001 - it keeps what it looked up
    """Headers that are asked for by name more than once. Pickled they are a plain tuple."""

    @cached_property
    def named(self) -> Mapping[str, str]:
        """The first value of each name."""
        return dict(reversed(self))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return tuple, (tuple(self),)
