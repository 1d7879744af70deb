"""The definition of an Anthropic service."""

from __future__ import annotations

from typing import Literal

from evalkit.services.llm.definition import ProviderDefinition


class AnthropicDefinition(ProviderDefinition):
    """A mock of api.anthropic.com."""

    service: Literal["anthropic"]
