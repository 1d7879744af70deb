"""The moderator of `moderation_sound.py` with a mistake."""

from __future__ import annotations

import httpx2
from moderation_sound import Nodes, moderator


class EverySecond(Nodes):
    """The queue of moderators is asked every second, whatever it asks for."""

    def pause(self, reply: httpx2.Response) -> float:
        return 1.0


def polls_every_second() -> object:
    """The agent."""
    return moderator(EverySecond)
