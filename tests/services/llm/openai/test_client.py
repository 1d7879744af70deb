"""The real SDK judges the replies."""

import json

import openai
import pydantic
import pytest

from tests.services.llm.openai.support import POLITE, TOOLS


def user(text):
    return {"role": "user", "content": text}


async def create(client, *messages, **more):
    return await client.chat.completions.create(model="gpt-4o", messages=list(messages), **more)


async def test_a_completion(client, bridge):
    reply = await create(client, POLITE, user("hello"))
    (choice,) = reply.choices
    assert choice.message.content == "Good day, Ann."
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)
    assert (reply.model, reply.object, reply.created) == (
        "gpt-4o",
        "chat.completion",
        1_767_603_600,
    )
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply._request_id.startswith("req_")
    sent = bridge.replies[0].usage
    assert (sent.input, sent.output) == (
        reply.usage.prompt_tokens,
        reply.usage.completion_tokens,
    )


async def test_tool_calls_and_their_results(client):
    asked = user("where is my order?")
    first = await create(client, asked, tools=TOOLS)
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [
        {"id": 17},
        {"id": 18},
    ]
    assert len({call.id for call in message.tool_calls}) == 2
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": '{"id": 17, "state": "late"}'}
        for call in message.tool_calls
    ]
    second = await create(client, asked, message, *results, tools=TOOLS)
    assert second.choices[0].message.content == "Order 17 is late."


async def test_a_refusal(client):
    message = (await create(client, user("something forbidden"))).choices[0].message
    assert (message.refusal, message.content) == ("I can't help with that.", None)


async def test_a_parsed_reply(client):
    class Label(pydantic.BaseModel):
        label: str
        score: float

    reply = await client.chat.completions.parse(
        model="gpt-4o", messages=[user("as json please")], response_format=Label
    )
    assert reply.choices[0].message.parsed == Label(label="refund", score=0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("hello", "Good day, Ann."), ("ünicode", 'Grüße, 日本語 🎉 "quoted"\n')],
)
async def test_a_stream_says_the_same_as_a_completion(client, text, expected):
    whole = await create(client, POLITE, user(text))
    stream = await create(
        client, POLITE, user(text), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert deltas[0].delta.role == "assistant"
    assert "".join(each.delta.content or "" for each in deltas) == expected
    assert [each.finish_reason for each in deltas if each.finish_reason] == ["stop"]
    assert [chunk.usage for chunk in chunks if chunk.usage] == [whole.usage]
    assert chunks[-1].choices == []
    assert whole.choices[0].message.content == expected
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_stream_without_usage_has_none(client):
    stream = await create(client, POLITE, user("hello"), stream=True)
    chunks = [chunk async for chunk in stream]
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


async def test_a_stream_of_tool_calls_adds_up(client):
    async with client.chat.completions.stream(
        model="gpt-4o", messages=[user("my order")], tools=TOOLS
    ) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["get_order", "get_order"]
    assert [json.loads(call.function.arguments) for call in calls] == [{"id": 17}, {"id": 18}]
    assert final.choices[0].finish_reason == "tool_calls"


async def test_a_streamed_refusal_adds_up(client):
    async with client.chat.completions.stream(
        model="gpt-4o", messages=[user("forbidden")]
    ) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.refusal == "I can't help with that."


async def test_the_reply_is_cut_off_where_the_limit_of_tokens_is_reached(client):
    reply = await create(client, POLITE, user("hello"), max_completion_tokens=2)
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 2
    assert "Good day, Ann.".startswith(reply.choices[0].message.content)


async def test_models(client):
    assert [model.id async for model in client.models.list()] == ["gpt-4o", "org/own"]
    assert (await client.models.retrieve("gpt-4o")).id == "gpt-4o"
    with pytest.raises(openai.NotFoundError, match="'gpt-9' does not exist"):
        await client.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    ("messages", "more", "error", "message"),
    [
        ([], {}, openai.BadRequestError, "Invalid 'messages': empty array"),
        ([{"role": "robot", "content": "x"}], {}, openai.BadRequestError, "Invalid value: 'robot'"),
        ([user("x")], {"n": 200}, openai.BadRequestError, "Expected a value <= 128"),
        ([user("unheard of")], {}, openai.BadRequestError, "no rule of the script fits"),
        ([user("broken")], {}, openai.InternalServerError, "there is no `missing` here"),
    ],
)
async def test_what_is_refused_is_the_sdks_error_and_is_not_asked_again(
    client, bridge, messages, more, error, message
):
    with pytest.raises(error) as caught:
        await create(client, *messages, **more)
    assert message in str(caught.value)
    assert caught.value.body["type"] == "invalid_request_error"
    assert len(bridge.requests) == 1


async def test_ids_depend_on_the_draw_of_the_request(client, service, bridge):
    first = await create(client, POLITE, user("hello"))
    second = await create(client, POLITE, user("hello"))
    assert first.id != second.id
    again = await service.handle(bridge.requests[0])
    assert json.loads(again.body())["id"] == first.id
