"""Gemini as a provider."""

from __future__ import annotations

from evalkit.services.llm.gemini.api import Gemini
from evalkit.services.llm.gemini.model import GeminiDefinition
from evalkit.services.llm.provider import Provider

PROVIDER = Provider(GeminiDefinition, Gemini)
