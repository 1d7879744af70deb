"""How a turn reaches the agent, and its reply comes back."""

from evalkit.agents.base import Agent, AgentFailed, Reply, Session, Turn
from evalkit.agents.opening import open_agent, open_process

__all__ = ["Agent", "AgentFailed", "Reply", "Session", "Turn", "open_agent", "open_process"]
