"""The official client in a world, and a service with more to say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import openai

from evalkit.services import Service
from tests.services.llm.saying import script_of
from tests.services.llm.worlds import Played, play

HOST = "api.openai.com"
MODEL = "gpt-4o"
DEFINITION = "service: openai\nlatency: 300ms\ntokens_per_second: 100\n"
SCRIPT = script_of(
    *("answers", "looks", "refuses"),
    """\
  - when: {last: user, text: filtered}
    reply: {text: Never, finish: content_filter}
""",
    *("labels", "thinks", "remembers"),
    """\
  - when: {last: user, text: unsure}
    reply: {text: "Perhaps so.", confidence: 0.25}
  - when: {last: user, text: several}
    reply: {text: One way., others: ["Another way, longer.", Third.]}
  - when: {last: user, images: true, files: true}
    reply: {text: "A picture and a file."}
  - when: {last: user, text: again}
    reply: {text: "{{ turns }} turns; first: {{ history[0].text }}"}
  - when: {last: user, text: hello}
    reply: {text: "Good day, {{ session.vars.name }}. How are you?"}
""",
)
SAID = "Good day, Ann. How are you?"
TOOL = {
    "name": "get_order",
    "description": "An order",
    "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
}

Agent = Callable[[Any], Coroutine[Any, Any, Any]]


def played(
    service: Service, agent: Agent, *, host: str = HOST, make: Any = None, **settings: Any
) -> Played:
    """What the client makes of it."""
    settings = settings or {"base_url": f"https://{host}/v1"}

    async def main() -> Any:
        async with (make or openai.AsyncOpenAI)(api_key="k", **settings) as client:
            return await agent(client)

    return play(service, main, host=host)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}
