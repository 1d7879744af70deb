"""Model providers that fail, and their official clients, in a world of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import types
from pydantic import TypeAdapter

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import AnyFault, Rule, Schedule, When
from evalkit.journal.records import AnyRecord, CallEnded, CallStarted, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import load

SECOND = 1_000_000_000
HOST = "llm.evalkit.test"
TIMEOUT = 2.0
CALLER_ = Caller(session="s-1", turn=1, vars={"account": "A-7"})
SCRIPT = """
rules:
  - when: {last: user, format: Label}
    reply: {json: {label: refund, score: 0.5}}
  - when: {last: user, text: order}
    reply: {calls: [{name: get_order, arguments: {id: 17, note: urgent}}]}
  - reply: {text: "One two three four five six.", confidence: 0.9}
"""
_FAULT = TypeAdapter(AnyFault)

Ask = Callable[[str], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Met:
    """What came of one call of a client: what it has or raised, when, and what the journal says."""

    got: Any
    seconds: float
    records: Sequence[AnyRecord]

    @property
    def requests(self) -> int:
        return len(self.begun)

    @property
    def begun(self) -> list[CallStarted]:
        return [each for each in self.records if isinstance(each, CallStarted)]

    @property
    def ended(self) -> list[CallEnded]:
        return [each for each in self.records if isinstance(each, CallEnded)]

    @property
    def delivered(self) -> int:
        moved = [each for each in self.records if isinstance(each, FaultMoved)]
        return sum(each.stage is Stage.DELIVERED for each in moved)


def met(
    folder: Path,
    kind: str,
    agent: Callable[[], Coroutine[Any, Any, Any]],
    faults: Any = (),
    *,
    more: str = "",
    caller: Caller | None = CALLER_,
) -> Met:
    """An agent against a provider of a kind, all of whose calls meet these faults."""
    journal = Journal()
    world = World(seed=0, journal=journal)
    given = faults if isinstance(faults, list) else [faults] if faults else []
    made = tuple(_FAULT.validate_python(each) for each in given)
    rules = (Rule.parse(0, "mock", When(), made),) if made else ()
    schedule = Schedule(rules=rules, seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    definition = f"service: {kind}\nlatency: 100ms\ntokens_per_second: 10\n{more}"
    world.serve(HOST, ServiceEndpoint(load(folder, definition, SCRIPT).fresh(), desk))

    async def main() -> tuple[Any, int]:
        CALLER.set(caller)
        try:
            got = await agent()
        except Exception as error:
            got = named(error)
        return got, world.clock.now

    got, took = world.run(main())
    return Met(got, took / SECOND, journal.records)


def named(error: Exception) -> str:
    """Where an error is from, and what it is called."""
    return f"{type(error).__module__.partition('.')[0]} {type(error).__name__}"


# The clients: each is asked a text, and gives back all that it has put together.

OPENAI_TOOL = {
    "name": "get_order",
    "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
}
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "score": {"type": "number"}},
    "required": ["label", "score"],
    "additionalProperties": False,
}


def _openai(**settings: Any) -> openai.AsyncOpenAI:
    settings = {"timeout": TIMEOUT, "max_retries": 2, **settings}
    return openai.AsyncOpenAI(api_key="k", base_url=f"http://{HOST}/v1", **settings)


async def chat(text: str = "hello", **more: Any) -> Any:
    """One completion."""
    async with _openai() as client:
        messages: Any = [{"role": "user", "content": text}]
        answer = await client.chat.completions.create(model="gpt-4o", messages=messages, **more)
        choice = answer.choices[0]
        calls = [
            (each.function.name, each.function.arguments)
            for each in choice.message.tool_calls or ()
        ]
        return choice.message.content or choice.message.refusal or calls, choice.finish_reason


async def chat_stream(text: str = "hello", **more: Any) -> Any:
    """A streamed completion."""
    async with _openai() as client:
        messages: Any = [{"role": "user", "content": text}]
        said, reason = "", None
        stream = await client.chat.completions.create(
            model="gpt-4o", messages=messages, stream=True, **more
        )
        async for chunk in stream:
            choice = chunk.choices[0]
            said += choice.delta.content or choice.delta.refusal or ""
            for call in choice.delta.tool_calls or ():
                said += (call.function.name or "") + (call.function.arguments or "")
            reason = choice.finish_reason or reason
        return said, reason


async def responses(text: str = "hello", **more: Any) -> Any:
    """One response."""
    async with _openai() as client:
        answer = await client.responses.create(model="gpt-4o", input=text, **more)
        item: Any = answer.output[0]
        if item.type == "function_call":
            return [(item.name, item.arguments)], answer.status
        part = item.content[0]
        return getattr(part, "text", None) or part.refusal, answer.status


async def responses_stream(text: str = "hello", **more: Any) -> Any:
    """A streamed response."""
    async with _openai() as client:
        said, last = "", None
        stream = await client.responses.create(model="gpt-4o", input=text, stream=True, **more)
        async for event in stream:
            if event.type.endswith(".delta"):
                said += event.delta  # type: ignore[union-attr, operator]
            last = event.type
        return said, last


def _anthropic() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        api_key="k", base_url=f"http://{HOST}", timeout=TIMEOUT, max_retries=2
    )


_MESSAGE: Any = {"model": "claude-test", "max_tokens": 500}


async def messages(text: str = "hello", **more: Any) -> Any:
    """One message."""
    async with _anthropic() as client:
        asked: Any = [{"role": "user", "content": text}]
        answer = await client.messages.create(**_MESSAGE, messages=asked, **more)
        block: Any = answer.content[0]
        said = block.text if block.type == "text" else [(block.name, block.input)]
        return said, answer.stop_reason


async def messages_stream(text: str = "hello", **more: Any) -> Any:
    """A streamed message, put together by the client's own helper."""
    async with _anthropic() as client:
        asked: Any = [{"role": "user", "content": text}]
        async with client.messages.stream(**_MESSAGE, messages=asked, **more) as stream:
            answer = await stream.get_final_message()
        block: Any = answer.content[0]
        said = block.text if block.type == "text" else [(block.name, block.input)]
        return said, answer.stop_reason


def _google() -> genai.Client:
    retries = types.HttpRetryOptions(attempts=3)
    options = types.HttpOptions(
        base_url=f"http://{HOST}", timeout=int(TIMEOUT * 1000), retry_options=retries
    )
    return genai.Client(api_key="k", http_options=options)


async def gemini(text: str = "hello", **config: Any) -> Any:
    """One generated content."""
    client = _google()
    try:
        answer = await client.aio.models.generate_content(
            model="gemini-test",
            contents=text,
            config=config or None,  # type: ignore[arg-type]
        )
    finally:
        await client.aio.aclose()
    candidate: Any = answer.candidates[0]  # type: ignore[index]
    part = candidate.content.parts[0]
    call = part.function_call
    reason = candidate.finish_reason and candidate.finish_reason.value
    return part.text or [(call.name, call.args)], reason


async def gemini_stream(text: str = "hello", **config: Any) -> Any:
    """Streamed content."""
    client = _google()
    said, reason = "", None
    try:
        stream = await client.aio.models.generate_content_stream(
            model="gemini-test",
            contents=text,
            config=config or None,  # type: ignore[arg-type]
        )
        async for chunk in stream:
            candidate: Any = chunk.candidates[0]  # type: ignore[index]
            for part in candidate.content.parts if candidate.content else ():
                said += part.text or json.dumps([part.function_call.name, part.function_call.args])
            reason = (candidate.finish_reason and candidate.finish_reason.value) or reason
    finally:
        await client.aio.aclose()
    return said, reason


CLIENTS: dict[str, tuple[str, Callable[..., Coroutine[Any, Any, Any]]]] = {
    "chat": ("openai", chat),
    "chat stream": ("openai", chat_stream),
    "responses": ("openai", responses),
    "responses stream": ("openai", responses_stream),
    "messages": ("anthropic", messages),
    "messages stream": ("anthropic", messages_stream),
    "gemini": ("gemini", gemini),
    "gemini stream": ("gemini", gemini_stream),
}
"""Every way to ask a model: the kind of its service, and the call."""
