"""The reviewing service of `contracts_sound.py` with a mistake."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts_sound import House, make_app


class OneDoor(House):
    """All that goes to the core system goes through one limit, payments too."""

    async def pay(self, invoice: str, amount: str) -> str:
        async with self.reading:
            return await super().pay(invoice, amount)


class AsTheyCome(House):
    """Chunks are numbered in the order in which they are done, not in that of the contract."""

    async def risks_of_all(self, document: str, count: int) -> list[list[str] | str]:
        few = asyncio.Semaphore(6)

        async def one(number: int) -> Any:
            async with few:
                return await self.risks(document, number)

        tasks = [one(number) for number in range(1, count + 1)]
        return [await each for each in asyncio.as_completed(tasks)]


payments_wait_for_reviews = make_app(OneDoor)
pages_mixed_up = make_app(AsTheyCome)
