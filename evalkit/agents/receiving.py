"""An agent that is served: what else than turns can be sent to it."""

from __future__ import annotations

from typing import Protocol, cast

from evalkit.agents.base import Agent
from evalkit.agents.calling import AgentRequest, Response


class Receiver(Protocol):
    """Takes requests that carry no turn, such as webhooks."""

    async def call(self, request: AgentRequest) -> Response:
        """What is answered. Raises `AgentFailed` where nothing is."""
        ...

    def target_of(self, url: str) -> str:
        """The path and query of a URL that leads there, or of a path. Raises `ValueError`."""
        ...


def receiver_of(agent: Agent) -> Receiver | None:
    """Where requests to an agent go; None where it is not served."""
    return cast("Receiver | None", getattr(agent, "receiver", None))
