"""The kinds of services, and what makes a service of each.

A new kind is a package with a `loading.py` and one line of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.imported import Imported
from evalkit.services.llm.providers import PROVIDERS
from evalkit.services.source import Make, Source

SERVICES: Mapping[str, Callable[[Source], Make]] = Imported(
    "evalkit.services",
    {
        "rest": "rest.loading:load",
        "mcp": "mcp.loading:load",
        "openapi": "openapi.loading:load",
        "asgi": "asgi.loading:load",
        "python": "custom.loading:load",
        **dict.fromkeys(PROVIDERS, "llm.loading:load"),
    },
)
"""The kinds of services, by what `service:` says."""

SPEAKING = frozenset({*PROVIDERS, "python"})
"""Those in which a model speaks, or may: a Python class can do anything."""
