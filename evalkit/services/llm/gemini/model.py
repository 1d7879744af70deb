"""The definition of a Gemini service."""

from __future__ import annotations

from typing import Literal

from evalkit.services.llm.definition import ProviderDefinition


class GeminiDefinition(ProviderDefinition):
    """A mock of generativelanguage.googleapis.com."""

    service: Literal["gemini"]
