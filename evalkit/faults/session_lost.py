"""`session_lost: true`: the server does not know the session any more."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import error_message, response_of
from evalkit.faults.status import Status
from evalkit.keyed import Draw
from evalkit.wire import Reply


class SessionLost(Fault):
    """An MCP server answers 404, as one does that was restarted; nothing is committed.

    A client has to begin a new session. The fault says so to the calls it hits and to no others:
    for a session that stays lost, hit all that follow, or give the service a `session_lifetime`.
    """

    name: ClassVar[str] = "session_lost"
    bare: ClassVar[bool] = True

    session_lost: Literal[True] = Field(description="The server answers that it knows no such one")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The refusal, sent when the first byte was due."""
        response = response_of(reply) or {}
        body = error_message(response.get("id"), -32600, "Session not found")
        lost = Status(status=404, body=body).apply(reply, draw)
        return _named(lost, self.name)


def _named(reply: Reply, fault: str) -> Reply:
    """The reply of a status with its steps in the name of this fault."""
    plan = (
        replace(each, fault=fault if each.fault == Status.name else each.fault)
        for each in reply.plan
    )
    return replace(reply, plan=tuple(plan))
