"""`restart: true`: the agent's process dies and is started anew. For `at: agent` alone."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.units import SECOND, Duration
from evalkit.wire import Reply


class Restart(Fault):
    """The agent dies at a moment and is built anew, and its client asks again.

    All that it does for any session ends as in a killed process: its connections break, then its
    tasks are cancelled. The new one has what the old one left in services and files, and no more.
    Every turn that was under way is asked again, of the new one. `when` names the moment, which
    comes once in a session unless `first` says more: `after` an effect, `during` a call, `before`
    the reply, or, with none of them, as the turn begins.
    """

    name: ClassVar[str] = "restart"
    of_agent: ClassVar[bool] = True
    bare: ClassVar[bool] = True

    restart: Literal[True] = Field(description="The agent is killed and started anew")
    takes: Duration = Field(2 * SECOND, description="How long it is down")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as it is: nothing is wrong with the service."""
        del draw
        return reply
