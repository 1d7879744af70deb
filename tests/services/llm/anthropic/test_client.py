"""The official SDK judges the replies, in the simulated world."""

import asyncio

import anthropic
import pydantic
import pytest

from tests.services.llm.anthropic.support import MODEL, POLITE, TOOLS, create, played, user
from tests.services.llm.worlds import MS

SAID = "Good day, Ann. How are you?"


class Label(pydantic.BaseModel):
    label: str
    score: float


def blocks(message):
    return [each.type for each in message.content]


def test_a_message(service):
    reply = create(service, system=POLITE)
    assert (blocks(reply), reply.content[0].text) == (["text"], SAID)
    assert (reply.stop_reason, reply.stop_sequence, reply.role) == ("end_turn", None, "assistant")
    assert (reply.model, reply.type) == (MODEL, "message")
    assert reply.id.startswith("msg_")
    assert reply.usage.output_tokens == 7
    assert reply.usage.input_tokens > 0
    assert reply._request_id.startswith("req_")


def test_tool_calls_and_their_results(service):
    asked = [user("where is my order?")]
    first = create(service, messages=asked, tools=TOOLS)
    assert (blocks(first), first.stop_reason) == (["text", "tool_use", "tool_use"], "tool_use")
    calls = first.content[1:]
    assert [call.input for call in calls] == [{"id": 17}, {"id": 18}]
    assert len({call.id for call in calls}) == 2
    results = [
        {
            "type": "tool_result",
            "tool_use_id": call.id,
            "content": [{"type": "text", "text": '{"id": 17, "state": "late"}'}],
        }
        for call in calls
    ]
    said = {"role": "assistant", "content": first.content}
    second = create(service, messages=[*asked, said, user(results)], tools=TOOLS)
    assert second.content[0].text == "Order 17 is late."


@pytest.mark.parametrize(
    ("content", "more", "reason", "sequence", "text"),
    [
        ("something forbidden", {}, "refusal", None, "I can't help with that."),
        ("filtered", {}, "refusal", None, None),
        ("hello", {"max_tokens": 2}, "max_tokens", None, "Good da"),
        ("hello", {"stop_sequences": ["you", " How"]}, "stop_sequence", " How", "Good day, Ann."),
        (
            [{"type": "image", "source": {"type": "url", "url": "x"}}],
            {},
            "end_turn",
            None,
            "A picture.",
        ),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_reasons_to_stop(service, streamed, content, more, reason, sequence, text):
    asked = {
        "model": MODEL,
        "max_tokens": 99,
        "system": POLITE,
        "messages": [user(content)],
        **more,
    }

    async def agent(client):
        if not streamed:
            return await client.messages.create(**asked)
        async with client.messages.stream(**asked) as stream:
            return await stream.get_final_message()

    reply = played(service, agent).value
    assert (reply.stop_reason, reply.stop_sequence) == (reason, sequence)
    assert [each.text for each in reply.content] == ([] if text is None else [text])
    assert (reply.stop_details is not None) is (reason == "refusal")


def test_structured_output(service):
    async def agent(client):
        return await client.messages.parse(
            model=MODEL, max_tokens=99, messages=[user("x")], output_format=Label
        )

    assert played(service, agent).value.parsed_output == Label(label="refund", score=0.5)


@pytest.mark.parametrize(
    ("thinking", "kinds"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, ["thinking", "text"]),
        ({"type": "adaptive"}, ["thinking", "text"]),
        ({"type": "disabled"}, ["text"]),
        (None, ["text"]),
    ],
)
def test_thinking_is_shown_where_it_is_asked_for(service, thinking, kinds):
    more = {} if thinking is None else {"thinking": thinking}
    reply = create(service, "think", **more)
    assert blocks(reply) == kinds
    thought = reply.usage.output_tokens_details.thinking_tokens
    assert (thought > 0) is ("thinking" in kinds)
    assert reply.usage.output_tokens == thought + 2


def test_usage_tells_the_parts_of_the_cache(service):
    usage = create(service, "cached").usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (10, 60)
    assert (usage.cache_creation_input_tokens, usage.output_tokens) == (30, 9)
    assert usage.output_tokens_details.thinking_tokens == 4


@pytest.mark.parametrize("content", ["hello", "where is my order?", "think", "forbidden"])
def test_a_stream_says_the_same_as_a_message(service, content):
    asked = {
        "model": MODEL,
        "max_tokens": 2000,
        "system": POLITE,
        "messages": [user(content)],
        "tools": TOOLS,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }

    async def agent(client):
        async with client.messages.stream(**asked) as stream:
            final = await stream.get_final_message()
        return await client.messages.create(**asked), final

    ran = played(service, agent)
    whole, final = (each.model_dump(exclude={"id"}) for each in ran.value)
    for message in (whole, final):
        for block in message["content"]:
            for key in ("id", "signature", "parsed_output", "citations"):
                block.pop(key, None)
        message["usage"] = (message["usage"]["input_tokens"], message["usage"]["output_tokens"])
    assert final == whole
    assert [each.usage for each in ran.ended] == [ran.ended[0].usage] * 2


def test_the_events_of_a_stream_are_those_of_the_api(service):
    asked = {"model": MODEL, "max_tokens": 2000, "messages": [user("my order")], "tools": TOOLS}

    async def agent(client):
        stream = await client.messages.create(**asked, stream=True)
        return [event.type async for event in stream]

    kinds = played(service, agent).value
    text = ["content_block_start", "content_block_delta", "content_block_delta"]
    tool = ["content_block_start", *["content_block_delta"] * 4, "content_block_stop"]
    assert kinds == [
        "message_start",
        *text,
        "content_block_stop",
        *tool,
        *tool,
        "message_delta",
        "message_stop",
    ]


def test_the_tokens_of_a_stream_arrive_at_their_times(service):
    asked = {"model": MODEL, "max_tokens": 99, "system": POLITE, "messages": [user("hello")]}

    async def agent(client):
        loop, seen = asyncio.get_running_loop(), []
        began = loop.time()
        async with client.messages.stream(**asked) as stream:
            async for _ in stream.text_stream:
                seen.append(round((loop.time() - began) * 1000))
        return seen

    ran = played(service, agent)
    assert ran.value == [300 + 10 * at for at in range(7)]
    assert ran.now == 360 * MS


def test_counting_tokens(service):
    asked = {"model": MODEL, "messages": [user("hello")], "tools": TOOLS, "system": POLITE}

    async def agent(client):
        counted = await client.messages.count_tokens(**asked)
        reply = await client.messages.create(**asked, max_tokens=9)
        return counted.input_tokens, reply.usage.input_tokens

    counted, read = played(service, agent).value
    assert counted == read > 20


def test_models(service):
    async def agent(client):
        listed = [model.id async for model in client.models.list()]
        one = await client.models.retrieve(listed[0])
        with pytest.raises(anthropic.NotFoundError, match="model: claude-9"):
            await client.models.retrieve("claude-9")
        return listed, one.display_name

    names, shown = played(service, agent).value
    assert names == ["claude-sonnet-test", "claude-haiku-test"]
    assert shown == "Claude Sonnet Test"
