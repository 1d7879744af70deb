"""The revisions of MCP and what differs between them.

Up to 2025-11-25 a client opens a session with `initialize`. From 2026-07-28 on there are no
sessions: every request says in its `_meta` who asks and in which revision, and in headers of its
own what it asks for; `server/discover` takes the place of `initialize`, and the stream of
`subscriptions/listen` that of the GET stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Revision: TypeAlias = Literal["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]

SESSIONS: tuple[Revision, ...] = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
SESSIONLESS: tuple[Revision, ...] = ("2026-07-28",)
REVISIONS: tuple[Revision, ...] = (*SESSIONS, *SESSIONLESS)

UNSAID: Revision = "2025-03-26"
"""What a client speaks that names no revision in a header."""

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"

_CACHED = frozenset(
    {
        *("server/discover", "tools/list", "prompts/list"),
        *("resources/list", "resources/templates/list", "resources/read"),
    }
)


def is_sessionless(version: str) -> bool:
    """Whether this revision knows no sessions."""
    return version in SESSIONLESS


def has_structure(version: str) -> bool:
    """Whether it knows structured content, output schemas and titles (from 2025-06-18 on)."""
    return version >= "2025-06-18"


def shows_arguments_mistake(version: str) -> bool:
    """Whether wrong arguments are a result with `isError`, for the model to mend (from 2025-11-25
    on), rather than an error of the protocol.
    """
    return version >= "2025-11-25"


def framed(
    method: str, result: Mapping[str, Any], version: str, server: Mapping[str, Any]
) -> dict[str, Any]:
    """A result with what its revision asks of every one."""
    if not is_sessionless(version):
        return dict(result)
    cache = {"ttlMs": 0, "cacheScope": "private"} if method in _CACHED else {}
    meta = {**result.get("_meta", {}), SERVER_KEY: server}
    return {"resultType": "complete", **cache, **result, "_meta": meta}
