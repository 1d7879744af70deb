"""An agent of two model calls and a tool call, through the openai SDK: for the fan of sessions."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import httpx2
import openai

if TYPE_CHECKING:
    from evalkit import Turn

llm = openai.AsyncOpenAI()
tools = httpx2.AsyncClient(base_url=os.environ["SHOP_URL"], timeout=30)
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_order",
        "parameters": {"type": "object", "properties": {"id": {"type": "string"}}},
    },
}


async def answer(text: str) -> str:
    """Ask the model, call the tool that it asks for, and ask again."""
    messages: list[Any] = [{"role": "user", "content": text}]
    first = await llm.chat.completions.create(model="gpt-4o", messages=messages, tools=[TOOL])
    (call,) = first.choices[0].message.tool_calls or ()
    assert call.type == "function"
    order = await tools.get(f"/orders/{json.loads(call.function.arguments)['id']}")
    messages.append(first.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": order.text})
    second = await llm.chat.completions.create(model="gpt-4o", messages=messages, tools=[TOOL])
    return second.choices[0].message.content or ""


async def agent(turn: Turn) -> str:
    """The agent as evalkit calls it."""
    return await answer(turn.input)
