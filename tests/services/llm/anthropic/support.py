"""A service with a script, and the official client that asks it in a world."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anthropic

from evalkit.services import Service
from tests.services.llm.saying import script_of
from tests.services.llm.worlds import Played, play

DEFINITION = """
service: anthropic
hosts: [https://api.anthropic.com]
latency: 300ms
tokens_per_second: 100
models: [claude-sonnet-test, claude-haiku-test]
context: 10k
"""

SCRIPT = script_of(
    *("answers", "says that it looks", "refuses", "is filtered", "labels"),
    """\
  - when: {last: user, text: cached}
    reply: {text: hi, usage: {input: 100, output: 9, cached: 60, cache_write: 30, reasoning: 4}}
""",
    *("thinks", "breaks", "sees", "is polite"),
)

TOOLS: list[Any] = [
    {
        "name": "get_order",
        "description": "An order",
        "input_schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    }
]
MODEL = "claude-sonnet-test"
POLITE = "Be polite."


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


Agent = Callable[[anthropic.AsyncAnthropic], Coroutine[Any, Any, Any]]


def played(service: Service, agent: Agent, **settings: Any) -> Played:
    """What the client makes of it."""
    settings = {"api_key": "k", "base_url": "https://api.anthropic.com", **settings}

    async def main() -> Any:
        async with anthropic.AsyncAnthropic(**settings) as client:
            return await agent(client)

    return play(service, main, host="api.anthropic.com")


def create(service: Service, content: Any = "hello", **more: Any) -> Any:
    """One message."""
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 2000, "messages": [user(content)]}

    async def agent(client: anthropic.AsyncAnthropic) -> Any:
        return await client.messages.create(**{**asked, **more})

    return played(service, agent).value
