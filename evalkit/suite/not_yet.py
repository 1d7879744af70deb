"""What suites will hold and this version does not run: refused as that, not as unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydantic import BaseModel

NOT_YET: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Suite": ("passthrough",),
        "ReplyExpectation": ("json",),
    }
)
"""Keys by the name of the model that will have them."""


def planned_keys(models: Iterable[type[BaseModel]]) -> tuple[str, ...]:
    """The keys that these models will have."""
    return tuple(key for model in models for key in NOT_YET.get(model.__name__, ()))
