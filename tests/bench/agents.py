"""Agents that several benches run."""

from __future__ import annotations

THREE_CALLS = """
import os
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=30)

async def agent(turn: Turn) -> Reply:
    for part in ("record", "history", "answer"):
        response = await client.get(f"/items/{part}", params={"turn": turn.number})
    return Reply(response.json()["id"])
"""
"""Makes three calls a turn, one after the other."""
