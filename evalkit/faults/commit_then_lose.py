"""`commit_then_lose: true`, `commit_then_lose: 504`: the change is made, and nobody is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.envelope import Envelope, envelope_of, error_body
from evalkit.faults.steps import break_off_at_once, waits_before
from evalkit.keyed import Draw
from evalkit.wire import Cut, Reply, Reset, Stall, Step

GatewayStatus: TypeAlias = Annotated[int, Field(ge=500, le=599, strict=True)]


class CommitThenLose(Fault):
    """What the call changes is committed, and its reply never arrives.

    The connection breaks, closes or stalls where the first byte was due, or a gateway answers in
    the service's place. A reply without effects stays as it is: nothing was to be lost.
    """

    name: ClassVar[str] = "commit_then_lose"
    bare: ClassVar[bool] = True

    commit_then_lose: Literal[True, "reset", "empty", "stall"] | GatewayStatus = Field(
        description="true or reset: the connection breaks; empty: it closes; stall: it stays "
        "silent; a status of 500 to 599: a gateway answers"
    )
    envelope: Envelope = Field("auto", description="How the gateway's error is worded")

    def for_kind(self, kind: str) -> CommitThenLose:
        """The fault with the envelope that fits a service of this kind."""
        if self.envelope != "auto":
            return self
        return self.model_copy(update={"envelope": envelope_of(kind)})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply lost, its effects kept."""
        del draw
        how = self.commit_then_lose
        if not reply.effects:
            return reply
        if isinstance(how, int) and how is not True:
            return self._answered(reply, how)
        ends: dict[object, Step] = {"empty": Cut(self.name), "stall": Stall(self.name)}
        return break_off_at_once(reply, ends.get(how, Reset(self.name)))

    def _answered(self, reply: Reply, status: int) -> Reply:
        error = Reply.json(error_body(self.envelope, status), status=status)
        plan = tuple(replace(step, fault=self.name) for step in error.plan)
        return replace(
            reply,
            status=status,
            headers=error.headers,
            chunked=False,
            plan=(*waits_before(reply), *plan),
        )
