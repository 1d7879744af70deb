"""Anthropic as a provider."""

from __future__ import annotations

from evalkit.services.llm.anthropic.api import Anthropic
from evalkit.services.llm.anthropic.model import AnthropicDefinition
from evalkit.services.llm.provider import Provider

PROVIDER = Provider(AnthropicDefinition, Anthropic)
