"""The support desk of `support_openai_sound.py` with a mistake at a time."""

from __future__ import annotations

from typing import Any

from support_openai_sound import Desk, Matter, NotToBeHad, desk, several
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_exponential

from evalkit import Reply


class WholeTurnAgain(Desk):
    """A turn that came to `hold` is done again from its beginning, by a decorator's defaults."""

    async def settle(self, matter: Matter) -> Reply:
        again = AsyncRetrying(
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5),
            retry=retry_if_result(lambda reply: reply.answer == "hold"),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        reply: Reply = await again(super().settle, matter)
        return reply


class OtherFieldOfTheOther(Desk):
    """The fallback's answers have another field for how sure it is; none counts as sure."""

    async def ask(
        self, model: str, system: str, said: list[dict[str, str]], how: Any, times: int, each: float
    ) -> dict[str, Any]:
        messages = [{"role": "system", "content": system}, *said]
        try:
            return await several(lambda: how(self.first, model, messages), times, each)
        except NotToBeHad:
            found = await several(lambda: how(self.other, "gpt-4o-mini", messages), 1, each)
        return {**found, "confidence": found.get("certainty", 100) / 100}


def whole_turn_again() -> object:
    """The agent."""
    return desk(WholeTurnAgain)


def fallback_of_another_schema() -> object:
    """The agent."""
    return desk(OtherFieldOfTheOther)
