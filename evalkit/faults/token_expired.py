"""`token_expired: true`: the credential ends before its time."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import instead
from evalkit.keyed import Draw
from evalkit.wire import Reply


class TokenExpired(Fault):
    """The credential of the call is refused as expired (401), and it stays expired.

    To send it again does not help: the agent has to get another. Requests for a token, and those
    to a service that asks for no credential, stay as they are.
    """

    name: ClassVar[str] = "token_expired"
    bare: ClassVar[bool] = True

    token_expired: Literal[True] = Field(description="The credential counts as expired from now on")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The refusal that the service gives to an expired credential."""
        del draw
        if reply.access is None or reply.access.grant is not None:
            return reply
        return instead(reply, reply.access.ended(), self.name)
