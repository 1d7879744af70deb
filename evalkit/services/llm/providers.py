"""The providers of models: what each is defined by, and the API that it speaks.

A new provider is a package with a `provider.py` and one line of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evalkit.imported import Imported

if TYPE_CHECKING:
    from evalkit.services.llm.provider import Provider

PROVIDERS: Mapping[str, Provider] = Imported(
    "evalkit.services.llm",
    {
        "openai": "openai.provider:PROVIDER",
        "anthropic": "anthropic.provider:PROVIDER",
        "gemini": "gemini.provider:PROVIDER",
    },
)
"""All of them, by what `service:` says."""
