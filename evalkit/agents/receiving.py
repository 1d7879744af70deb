"""An agent that is served: what else than turns can be sent to it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, cast, runtime_checkable

from evalkit.agents.base import Agent
from evalkit.agents.calling import AgentRequest, Response
from evalkit.wire import Caller


class Receiver(Protocol):
    """Takes requests that carry no turn, such as webhooks."""

    async def call(self, request: AgentRequest) -> Response:
        """What is answered. Raises `AgentFailed` where nothing is."""
        ...

    def target_of(self, url: str) -> str:
        """The path and query of a URL that leads there, or of a path. Raises `ValueError`."""
        ...


@runtime_checkable
class Tells(Protocol):
    """A receiver in another process, whose calls nothing but the moment may attribute."""

    def telling(self, caller: Caller) -> AbstractContextManager[None]:
        """While the agent is told of a webhook, what it asks may be on behalf of its session."""
        ...


def receiver_of(agent: Agent) -> Receiver | None:
    """Where requests to an agent go; None where it is not served."""
    return cast("Receiver | None", getattr(agent, "receiver", None))
