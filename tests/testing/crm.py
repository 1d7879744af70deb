"""A service and an agent for the tests of worlds."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from evalkit import Reply, Turn
from evalkit.services import Effect, PythonService, Request
from evalkit.services import Reply as ServiceReply

CRM: dict[str, Any] = {
    "service": "rest",
    "latency": "80ms",
    "hosts": ["https://api.crm.example"],
    "routes": {
        "GET /customers/{id}": {
            "reply": {"json": {"id": "{{ path.id }}", "name": "{{ session.vars.name | default }}"}}
        },
        "POST /refunds": {
            "effect": {"name": "refund", "key": ["body.order"]},
            "reply": {"status": 201, "json": {"order": "{{ body.order }}"}},
        },
    },
}
URL = "http://crm.evalkit.test"


async def patient(turn: Turn) -> Reply:
    """Asks three times, half a minute apart."""
    async with httpx.AsyncClient(timeout=5) as client:
        for _ in range(3):
            try:
                reply = await client.get(f"{URL}/customers/7")
                reply.raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(30)
                continue
            return Reply(reply.text, answer="answered")
    return Reply("sorry", answer="degraded")


class Counter(PythonService):
    """Counts what it is asked."""

    hosts = ("https://count.example",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.count = 0

    def operation(self, request: Request) -> str:
        return "count"

    def handle(self, request: Request) -> ServiceReply:
        self.count += 1
        return ServiceReply.json({"count": self.count}).committing(Effect(name="counted"))
