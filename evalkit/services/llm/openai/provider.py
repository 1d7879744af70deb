"""OpenAI as a provider."""

from __future__ import annotations

from evalkit.services.llm.openai.api import OpenAI
from evalkit.services.llm.openai.model import OpenAIDefinition
from evalkit.services.llm.provider import Provider

PROVIDER = Provider(OpenAIDefinition, OpenAI)
