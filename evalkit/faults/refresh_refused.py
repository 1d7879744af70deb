"""`refresh_refused: true`: a refresh token is not taken any more."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import instead
from evalkit.keyed import Draw
from evalkit.wire import Reply


class RefreshRefused(Fault):
    """The refresh token of a request for a new token is refused (400 `invalid_grant`) from now on.

    Other requests stay as they are.
    """

    name: ClassVar[str] = "refresh_refused"
    bare: ClassVar[bool] = True

    refresh_refused: Literal[True] = Field(description="The refresh token is revoked")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The refusal that the service gives to a revoked refresh token."""
        del draw
        if reply.access is None or reply.access.grant != "refresh_token":
            return reply
        return instead(reply, reply.access.ended(), self.name)
