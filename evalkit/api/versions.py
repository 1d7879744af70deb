"""Which versions took part in a run."""

from __future__ import annotations

import platform
from importlib import metadata

from evalkit import __version__

CLIENTS = (
    "aiohttp",
    "anthropic",
    "google-genai",
    "httpx",
    "httpx2",
    "langchain-openai",
    "langgraph",
    "litellm",
    "mcp",
    "openai",
    "openai-agents",
    "pydantic-ai",
    "pydantic-ai-slim",
    "requests",
)
"""The libraries whose behaviour under faults a run depends on."""


def versions() -> dict[str, str]:
    """evalkit, Python, and the clients that are installed."""
    found = {"evalkit": __version__, "python": platform.python_version()}
    for name in CLIENTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
