"""The providers of models: what each is defined by, and the API that it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evalkit.services.llm.anthropic.api import Anthropic
from evalkit.services.llm.anthropic.model import AnthropicDefinition
from evalkit.services.llm.api import Api
from evalkit.services.llm.definition import ProviderDefinition
from evalkit.services.llm.gemini.api import Gemini
from evalkit.services.llm.gemini.model import GeminiDefinition
from evalkit.services.llm.openai.api import OpenAI
from evalkit.services.llm.openai.model import OpenAIDefinition


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. `api` makes what one world's service speaks."""

    definition: type[ProviderDefinition]
    api: Callable[[], Api]


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        "openai": Provider(OpenAIDefinition, OpenAI),
        "anthropic": Provider(AnthropicDefinition, Anthropic),
        "gemini": Provider(GeminiDefinition, Gemini),
    }
)
"""All of them, by what `service:` says."""
