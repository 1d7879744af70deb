"""`wrong_id: true`: the response to a request that nobody made."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import Message, changed
from evalkit.keyed import Draw
from evalkit.wire import Reply

_FAR = 1_000_000


class WrongId(Fault):
    """A JSON-RPC response bears another id than the request; its client waits on for its own."""

    name: ClassVar[str] = "wrong_id"
    bare: ClassVar[bool] = True

    wrong_id: Literal[True] = Field(description="The response bears another id than the request")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with another id, of the same type."""
        del draw
        return changed(reply, _with_other_id, self.name)


def _with_other_id(message: Message) -> object:
    given = message.get("id")
    if isinstance(given, int):
        return {**message, "id": given + _FAR}
    return {**message, "id": f"{given}-other"}
