"""What the official SDK of every provider has to see alike: refusals, limits, files, reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import anthropic
import openai
import pydantic
import pytest
from google import genai
from google.genai import types

from evalkit.services import Service
from tests.services.asking import load
from tests.services.llm.worlds import MS, Played, play

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
OPENAI, ANTHROPIC = "api.openai.com", "api.anthropic.com"
GOOGLE = "generativelanguage.googleapis.com"
SAID = "Hello there, you."
SCRIPT = """
rules:
  - when: {tool: get_order}
    reply: {text: "It is {{ result.state }}."}
  - when: {offers: get_order}
    reply: {calls: [{name: get_order, arguments: {id: 17}}, {name: get_order, arguments: {id: 18}}]}
  - when: {format: Label}
    reply: {json: {label: refund, score: 0.5}}
  - when: {files: true}
    reply: {text: A file.}
  - when: {system: "^Be polite.$"}
    reply: {text: With pleasure.}
  - when: {text: filtered}
    reply: {text: Never, finish: content_filter}
  - reply: {text: "Hello there, you."}
"""
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AA=="}
FUNCTION = {
    "name": "get_order",
    "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
}
TOOLS: Any = [{"type": "function", "function": FUNCTION}]


class Label(pydantic.BaseModel):
    label: str
    score: float


def service(folder: Any, kind: str, more: str = "") -> Service:
    return load(folder, f"service: {kind}\n{more}", SCRIPT).fresh()


def ours(key: str = "k") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=key, base_url=f"https://{OPENAI}/v1", max_retries=0)


def azure(key: str = "k") -> openai.AsyncAzureOpenAI:
    return openai.AsyncAzureOpenAI(
        api_key=key,
        azure_endpoint=f"https://{OPENAI}",
        api_version="2025-04-01-preview",
        max_retries=0,
    )


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


# Every way to ask: all of them are given a key, a model and what the user says.


async def chat(key: str = "k", model: str = "m", text: Any = "hello", **more: Any) -> Any:
    async with ours(key) as client:
        told = await client.chat.completions.create(model=model, messages=user(text), **more)
        return told.choices[0].message.content


async def azure_chat(key: str = "k", model: str = "m", text: Any = "hello") -> Any:
    async with azure(key) as client:
        told = await client.chat.completions.create(model=model, messages=user(text))
        return told.choices[0].message.content


async def responses(key: str = "k", model: str = "m", text: Any = "hello", **more: Any) -> Any:
    async with ours(key) as client:
        return (await client.responses.create(model=model, input=text, **more)).output_text


async def embeddings(key: str = "k", model: str = "m", text: Any = "hello") -> Any:
    async with ours(key) as client:
        return len((await client.embeddings.create(model=model, input=text)).data[0].embedding)


async def azure_embeddings(key: str = "k", model: str = "m", text: Any = "hello") -> Any:
    async with azure(key) as client:
        return len((await client.embeddings.create(model=model, input=text)).data[0].embedding)


async def messages(key: str = "k", model: str = "m", text: Any = "hello", **more: Any) -> Any:
    base = f"https://{ANTHROPIC}"
    async with anthropic.AsyncAnthropic(api_key=key, base_url=base, max_retries=0) as client:
        asked: Any = user(text)
        told: Any = await client.messages.create(model=model, max_tokens=99, messages=asked, **more)
        return told.content[0].text


async def gemini(key: str = "k", model: str = "m", text: Any = "hello", **config: Any) -> Any:
    client = genai.Client(api_key=key)
    try:
        settings: Any = config or None
        told = await client.aio.models.generate_content(model=model, contents=text, config=settings)
        return told.text
    finally:
        await client.aio.aclose()


WAYS: dict[str, tuple[str, str, Callable[..., Coroutine[Any, Any, Any]]]] = {
    "chat": ("openai", OPENAI, chat),
    "azure chat": ("openai", OPENAI, azure_chat),
    "responses": ("openai", OPENAI, responses),
    "embeddings": ("openai", OPENAI, embeddings),
    "azure embeddings": ("openai", OPENAI, azure_embeddings),
    "messages": ("anthropic", ANTHROPIC, messages),
    "gemini": ("gemini", GOOGLE, gemini),
}
STRICT = "models: [m]\nrequire_key: right\nrate_limit: {requests: 1, window: 1min}"
ERRORS = {
    "wrong key": ("AuthenticationError", 401),
    "unknown model": ("NotFoundError", 404),
    "used up": ("RateLimitError", 429),
}
OF_GOOGLE = {"wrong key": 400, "unknown model": 404, "used up": 429}


def played(folder: Any, name: str, agent: Any, more: str = "") -> Played:
    kind, host, _ = WAYS[name]
    return play(service(folder, kind, more), agent, host=host)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("problem", ERRORS)
def test_refusals_are_the_errors_that_the_sdk_has_for_them(
    tmp_path: Any, name: str, problem: str
) -> None:
    ask = WAYS[name][2]

    async def agent() -> Any:
        if problem == "used up":
            await ask("right", "m")
        key = "wrong" if problem == "wrong key" else "right"
        model = "other" if problem == "unknown model" else "m"
        try:
            return await ask(key, model)
        except Exception as error:
            status = getattr(error, "status_code", None) or getattr(error, "code", None)
            return type(error).__name__, status

    expected = ERRORS[problem] if name != "gemini" else ("ClientError", OF_GOOGLE[problem])
    assert played(tmp_path, name, agent, STRICT).value == expected


@pytest.mark.parametrize(
    ("name", "text", "more"),
    [
        ("chat", [{"type": "file", "file": {"file_data": "data:,", "filename": "a.pdf"}}], {}),
        (
            "responses",
            user([{"type": "input_file", "file_data": "data:,", "filename": "a.pdf"}]),
            {},
        ),
        ("messages", [{"type": "document", "source": PDF}], {}),
        ("gemini", types.Part.from_bytes(data=b"x", mime_type="application/pdf"), {}),
    ],
)
def test_files_are_accepted(tmp_path: Any, name: str, text: Any, more: Any) -> None:
    ask = WAYS[name][2]
    assert played(tmp_path, name, lambda: ask(text=text, **more)).value == "A file."


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("responses", {"instructions": "Be polite."}),
        ("messages", {"system": "Be polite."}),
        ("gemini", {"system_instruction": "Be polite."}),
    ],
)
def test_system_prompts_reach_the_script(tmp_path: Any, name: str, more: Any) -> None:
    ask = WAYS[name][2]
    assert played(tmp_path, name, lambda: ask(**more)).value == "With pleasure."


@pytest.mark.parametrize(
    ("content", "more", "reason", "text"),
    [
        ("hello", {"stop": " you"}, "stop", "Hello there,"),
        ("hello", {"max_tokens": 2}, "length", SAID[: len(SAID) * 2 // 5]),
        ("filtered", {}, "content_filter", "Never"),
    ],
)
def test_a_stream_tells_why_it_stopped(
    tmp_path: Any, content: str, more: Any, reason: str, text: str
) -> None:
    async def agent() -> Any:
        async with ours() as client:
            stream = await client.chat.completions.create(
                model="m", messages=user(content), stream=True, **more
            )
            choices = [chunk.choices[0] async for chunk in stream]
        reasons = [each.finish_reason for each in choices if each.finish_reason]
        return reasons, "".join(each.delta.content or "" for each in choices)

    assert played(tmp_path, "chat", agent).value == ([reason], text)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_response_that_runs_out_of_tokens_is_incomplete(tmp_path: Any, streamed: bool) -> None:
    long = "word " * 40

    async def agent() -> Any:
        async with ours() as client:
            asked: Any = {"model": "m", "input": "x", "max_output_tokens": 16}
            if not streamed:
                return await client.responses.create(**asked)
            events = [each async for each in await client.responses.create(**asked, stream=True)]
            assert events[-1].type == "response.incomplete"
            return events[-1].response

    made = load(tmp_path, "service: openai", f"rules: [{{reply: {{text: '{long}'}}}}]").fresh()
    told = play(made, agent, host=OPENAI).value
    assert (told.status, told.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert told.output_text == long[:64]
    assert told.usage.output_tokens == 16


@pytest.mark.parametrize("name", ["azure chat", "responses"])
def test_the_kth_token_arrives_at_its_moment(tmp_path: Any, name: str) -> None:
    async def agent() -> Any:
        loop, seen = asyncio.get_running_loop(), []
        began = loop.time()
        client = ours() if name == "responses" else azure()
        async with client:
            stream: Any
            if name == "responses":
                stream = await client.responses.create(model="m", input="hello", stream=True)
            else:
                stream = await client.chat.completions.create(
                    model="m", messages=user("hello"), stream=True
                )
            async for each in stream:
                if name == "responses":
                    told = each.type == "response.output_text.delta"
                else:
                    told = bool(each.choices and each.choices[0].delta.content)
                if told:
                    seen.append(round((loop.time() - began) * 1e9))
        return seen

    paced = "latency: 300ms\ntokens_per_second: 7\n"
    ran = played(tmp_path, name, agent, paced)
    assert ran.value == [300 * MS + round(k * 1e9 / 7) for k in range(5)]


@pytest.mark.parametrize("streamed", [False, True])
def test_azure_calls_tools_and_tells_usage(tmp_path: Any, streamed: bool) -> None:
    async def agent() -> Any:
        asked: Any = {"model": "d", "messages": user("my order"), "tools": TOOLS}
        async with azure() as client:
            if not streamed:
                told = await client.chat.completions.create(**asked)
                calls = told.choices[0].message.tool_calls or []
                return [each.function.arguments for each in calls], told.usage
            options: Any = {"include_usage": True}
            stream = await client.chat.completions.create(
                **asked, stream=True, stream_options=options
            )
            texts, usage = ["", ""], None
            async for chunk in stream:
                usage = chunk.usage or usage
                for call in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
                    texts[call.index] += call.function.arguments or ""
            return texts, usage

    ran = played(tmp_path, "azure chat", agent)
    texts, usage = ran.value
    assert texts == ['{"id":17}', '{"id":18}']
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        ran.ended[0].usage.input,
        ran.ended[0].usage.output,
    )


def test_azure_gives_structured_output(tmp_path: Any) -> None:
    async def agent() -> Any:
        async with azure() as client:
            told = await client.chat.completions.parse(
                model="d", messages=user("label"), response_format=Label
            )
            return told.choices[0].message.parsed

    assert played(tmp_path, "azure chat", agent).value == Label(label="refund", score=0.5)
