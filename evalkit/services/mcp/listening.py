"""Streams that stay open to tell a client what changes: GET, and `subscriptions/listen`."""

from __future__ import annotations

from typing import Any

from evalkit.services.mcp.answers import Answer, Asked
from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.rpc import notice
from evalkit.services.mcp.versions import SUBSCRIPTION_KEY

_CHANGED = "notifications/tools/list_changed"


def list_changes(mcp: CompiledMcp, asked: Asked) -> Answer:
    """Tells each change of the list of tools when it happens."""
    due = mcp.catalogue.changes_after(asked.elapsed)
    return Answer(notices=tuple((each, notice(_CHANGED)) for each in due), stays_open=True)


def listen(mcp: CompiledMcp, asked: Asked) -> Answer:
    """The same to a client without a session: first what it is told of, each with the id of its
    request. Raises `RpcError`.
    """
    meta = {"_meta": {SUBSCRIPTION_KEY: asked.message.id}}
    wanted = asked.mapping("notifications").get("toolsListChanged") is True
    honoured: dict[str, Any] = {"toolsListChanged": True} if wanted else {}
    acknowledged = notice(
        "notifications/subscriptions/acknowledged", {"notifications": honoured, **meta}
    )
    due = mcp.catalogue.changes_after(asked.elapsed) if wanted else ()
    changes = tuple((each, notice(_CHANGED, meta)) for each in due)
    return Answer(notices=((0, acknowledged), *changes), stays_open=True)
