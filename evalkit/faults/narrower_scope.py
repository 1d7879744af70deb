"""`narrower_scope: true`, `narrower_scope: [orders:write]`: less is allowed than was asked for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import instead
from evalkit.keyed import Draw
from evalkit.wire import Access, Reply


class NarrowerScope(Fault):
    """Scopes are taken from the credential.

    A request for a token is given one without them; any other call is answered as it would be
    without them, which is 403 where it needs one. `true` takes those that the call needs, of a new
    token the last. Where nothing is taken, the reply stays as it is.
    """

    name: ClassVar[str] = "narrower_scope"
    bare: ClassVar[bool] = True

    narrower_scope: Literal[True] | Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="The scopes taken; true: those needed"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """What the service replies without these scopes."""
        del draw
        access = reply.access
        if access is None:
            return reply
        taken = self._taken(access)
        left = tuple(scope for scope in access.had if scope not in taken)
        return reply if left == access.had else instead(reply, access.under(left), self.name)

    def _taken(self, access: Access) -> tuple[str, ...]:
        if self.narrower_scope is not True:
            return self.narrower_scope
        return access.used if access.grant is None else access.had[-1:]
