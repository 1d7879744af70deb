"""What a provider of models is, seen by what serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalkit.services.llm.api import Api
from evalkit.services.llm.definition import ProviderDefinition


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. `api` makes what one world's service speaks."""

    definition: type[ProviderDefinition]
    api: Callable[[], Api]
