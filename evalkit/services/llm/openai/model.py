"""The definition of an OpenAI service."""

from __future__ import annotations

from typing import Literal

from evalkit.services.llm.definition import ProviderDefinition


class OpenAIDefinition(ProviderDefinition):
    """A mock of api.openai.com, or of what is compatible with it."""

    service: Literal["openai"]
