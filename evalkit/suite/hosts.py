"""The origins that a service answers, as they are written in its definition."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?")


def _origin(text: str) -> str:
    origin = text.lower()
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(
            f"{text!r} is no origin; write scheme and host, and a port where it is unusual, "
            "like https://api.example.com"
        )
    return origin


Host: TypeAlias = Annotated[str, AfterValidator(_origin)]

AGENT_HOST = "agent.evalkit.test"
"""Where an agent that is served (`asgi`) answers inside the world; never resolved outside."""

AGENT_URL = f"http://{AGENT_HOST}"
"""What templates know as `agent.url`."""

CALLER_HOST = "caller.evalkit.test"
"""Where the caller of agents takes the replies of those that call back."""
