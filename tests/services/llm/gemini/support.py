"""A service with a script, and the official client that asks it in a world."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from google import genai

from evalkit.services import Service
from tests.services.llm.saying import script_of
from tests.services.llm.worlds import Played, play

HOST = "generativelanguage.googleapis.com"
MODEL = "gemini-test"
DEFINITION = """
service: gemini
hosts: [https://generativelanguage.googleapis.com]
latency: 300ms
tokens_per_second: 100
models: [gemini-test, gemini-embedding-001]
context: 10k
"""

SCRIPT = script_of(
    *("answers", "says that it looks"),
    """\
  - when: {last: user, text: malformed}
    reply: {calls: [{name: get_order, arguments: "{broken"}]}
""",
    *("refuses", "is filtered", "labels", "remembers", "thinks"),
    """\
  - when: {last: user, text: unsure}
    reply: {text: "Perhaps so.", confidence: 0.25, others: [No.]}
""",
    *("breaks", "sees", "is polite"),
)
SAID = "Good day, Ann. How are you?"
POLITE = {"system_instruction": "Be polite."}

Agent = Callable[[Any], Coroutine[Any, Any, Any]]


def played(service: Service, agent: Agent, **settings: Any) -> Played:
    """What the client makes of it."""

    async def main() -> Any:
        client = genai.Client(api_key="k", **settings)
        try:
            return await agent(client.aio)
        finally:
            await client.aio.aclose()

    return play(service, main, host=HOST)


def generate(service: Service, contents: Any, *, streamed: bool = False, **config: Any) -> Played:
    """The response; of a stream, all its chunks."""
    asked = {"model": MODEL, "contents": contents, "config": config or None}

    async def agent(client: Any) -> Any:
        if not streamed:
            return await client.models.generate_content(**asked)
        return [chunk async for chunk in await client.models.generate_content_stream(**asked)]

    return played(service, agent)
