"""Triage of `healthcare_sound.py` with a mistake."""

from __future__ import annotations

from healthcare_sound import Conversation, Lost, triage

CHARTS: dict[str, dict[str, list[str]]] = {}


class FromMemory(Conversation):
    """A chart that was read once stands in for one that cannot be read: no one is told."""

    async def chart(self) -> dict[str, list[str]]:
        try:
            CHARTS[self.patient] = await super().chart()
        except Lost:
            if self.patient not in CHARTS:
                raise
        return CHARTS[self.patient]


def old_chart_stands_in() -> object:
    """The agent."""
    return triage(FromMemory)
