"""The orders, read from an MCP server whose list of tools is not ours to trust.

Whatever the server offers, these tools alone are used, with the arguments that we know of.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx2
from attempts import Limits, Unavailable, attempt
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel

READ = Limits(attempts=2, timeout=0.7, budget=1.6, pause=0.1)
ALLOWED = ("get_order",)
REVISION = "2026-07-28"  # without sessions: every call stands alone


class Order(BaseModel):
    """An order. Its note is the seller's text, and goes nowhere."""

    order_id: str
    customer: str
    item: str
    amount: int
    status: str
    payment: str


class NoSuchOrder(Exception):
    """The server knows no such order, or it is somebody else's."""


class Failed(ValueError):
    """The server said nothing usable."""


@dataclass(frozen=True)
class Orders:
    """The orders behind one HTTP client."""

    http: httpx2.AsyncClient
    url: str

    @classmethod
    def from_env(cls, http: httpx2.AsyncClient) -> Orders:
        """The server at the address of this environment."""
        return cls(http, f"{os.environ['ORDERS_URL']}/mcp")

    async def get(self, order_id: str, customer: str) -> Order:
        """An order of this customer. Raises `NoSuchOrder` and `Unavailable`."""
        found = await attempt(lambda: self._call("get_order", {"order_id": order_id}), READ)
        if found is None or found.customer != customer:
            raise NoSuchOrder(order_id)
        return found

    async def _call(self, tool: str, arguments: dict[str, str]) -> Order | None:
        if tool not in ALLOWED:
            raise Unavailable(f"{tool} is not for this agent")
        transport = streamable_http_client(self.url, http_client=self.http)
        try:
            async with Client(transport, mode=REVISION) as client:
                result = await client.call_tool(tool, arguments)
        except (MCPError, RuntimeError, ExceptionGroup) as error:
            raise Failed(str(error)) from error
        if result.is_error:
            return None
        return Order.model_validate(result.structured_content)
