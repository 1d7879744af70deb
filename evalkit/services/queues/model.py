"""A queue of messages as a definition declares it, and the two kinds of queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from evalkit.services.jobs.model import QueuePart
from evalkit.suite.parts import Count, Part
from evalkit.units import Duration


def _some_time(ns: int) -> int:
    if not ns:
        raise ValueError("0s is no time to work on a message, or to wait; allowed: 1ms and more")
    return ns


class MessageQueuePart(Part):
    """Messages for whoever takes them. Delivery is at least once: one that is taken and neither
    acknowledged nor released within its lease is given to the next who asks.
    """

    lease: Annotated[Duration, AfterValidator(_some_time)] = Field(
        description="How long who takes a message has it alone, in world time"
    )
    tries: Count = Field(
        3, description="How often a message is given out before it is a dead letter"
    )
    seed: Any = Field(
        None,
        description="The messages there at the start, a list of their bodies; a template that "
        "sees `session`",
    )
    per: Literal["session", "world"] = Field(
        "session", description="Whose they are: each session's own, or shared by all of a world"
    )
    ask_again: Annotated[Duration, AfterValidator(_some_time)] = Field(
        "5s", validate_default=True, description="The Retry-After where there is none to take"
    )
    prefix: str = Field("", description="How the ids of messages begin")

    @property
    def shared(self) -> bool:
        """Whether all sessions of a world see the same messages."""
        return self.per == "world"


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        told = {"lease", "tries", "seed", "per"} & set(value) and "picks_up" not in value
        return "messages" if told else "people"
    return "messages" if isinstance(value, MessageQueuePart) else "people"


AnyQueue: TypeAlias = Annotated[
    Annotated[QueuePart, Tag("people")] | Annotated[MessageQueuePart, Tag("messages")],
    Discriminator(_kind),
]
"""Tasks that modelled people answer; or, with a `lease`, messages for whoever takes them."""
