"""The Responses API, judged by the official SDK in the simulated world."""

import json

import openai
import pydantic
import pytest

from tests.services.asking import ask, value
from tests.services.llm.openai.world import MODEL, SAID, TOOL, played
from tests.services.llm.worlds import MS

KEY = {"Authorization": "Bearer k"}
TOOLS = [{"type": "function", **TOOL}]
IMAGE = {"type": "input_image", "image_url": "data:,"}
FILE = {"type": "input_file", "file_data": "data:,", "filename": "a.pdf"}


class Label(pydantic.BaseModel):
    label: str
    score: float


def create(service, given, *, streamed=False, **more):
    async def agent(client):
        asked = {"model": MODEL, "input": given, **more}
        if not streamed:
            return await client.responses.create(**asked)
        async with client.responses.stream(**asked) as stream:
            return await stream.get_final_response()

    return played(service, agent)


BOTH = pytest.mark.parametrize("streamed", [False, True])


@BOTH
def test_a_response(wide, streamed):
    ran = create(wide, "hello", instructions="Be polite.", streamed=streamed)
    reply = ran.value
    assert (reply.output_text, reply.status, reply.model) == (SAID, "completed", MODEL)
    assert reply.id.startswith("resp_")
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.usage.output_tokens == 7
    assert reply.instructions == "Be polite."
    assert ran.now == 360 * MS


@BOTH
@pytest.mark.parametrize(
    ("given", "more", "text"),
    [
        ("hello", {"max_output_tokens": 16}, SAID),
        (
            [{"role": "user", "content": [IMAGE, FILE]}],
            {},
            "A picture and a file.",
        ),
    ],
)
def test_how_a_response_ends(wide, streamed, given, more, text):
    reply = create(wide, given, streamed=streamed, **more).value
    assert (reply.status, reply.output_text) == ("completed", text)
    assert reply.incomplete_details is None


def test_a_filtered_response_is_incomplete(wide):
    reply = create(wide, "filtered").value
    assert (reply.status, reply.output_text) == ("incomplete", "Never")
    assert reply.incomplete_details.reason == "content_filter"
    # The SDK's own helper takes nothing but a completed response for the end of a stream.
    with pytest.raises(RuntimeError, match=r"response\.completed"):
        create(wide, "filtered", streamed=True)


@BOTH
def test_calls_and_their_results(wide, streamed):
    first = create(wide, "where is my order?", tools=TOOLS, streamed=streamed).value
    assert [each.type for each in first.output] == ["function_call"] * 2
    assert [json.loads(each.arguments) for each in first.output] == [{"id": 17}, {"id": 18}]
    results = [
        {
            "type": "function_call_output",
            "call_id": each.call_id,
            "output": '{"id": 17, "state": "late"}',
        }
        for each in first.output
    ]
    asked = [{"role": "user", "content": "where is my order?"}]
    calls = [each.model_dump(exclude_none=True) for each in first.output]
    calls = [{key: call[key] for key in ("type", "call_id", "name", "arguments")} for call in calls]
    second = create(wide, [*asked, *calls, *results], tools=TOOLS, streamed=streamed).value
    assert second.output_text == "Order 17 is late."


@BOTH
def test_a_refusal(wide, streamed):
    (item,) = create(wide, "forbidden", streamed=streamed).value.output
    assert [(each.type, each.refusal) for each in item.content] == [
        ("refusal", "I can't help with that.")
    ]


@BOTH
@pytest.mark.parametrize(
    ("reasoning", "shown"), [(None, []), ({"summary": "auto"}, ["Let me see about it."])]
)
def test_reasoning_is_an_item_of_its_own(wide, streamed, reasoning, shown):
    more = {} if reasoning is None else {"reasoning": reasoning}
    ran = create(wide, "think", streamed=streamed, **more)
    thought, said = ran.value.output
    assert (thought.type, [each.text for each in thought.summary]) == ("reasoning", shown)
    assert (said.content[0].text, ran.value.usage.output_tokens_details.reasoning_tokens) == (
        "Done.",
        5,
    )
    assert ran.now == 360 * MS


def test_structured_output(wide):
    async def agent(client):
        return await client.responses.parse(model=MODEL, input="x", text_format=Label)

    assert played(wide, agent).value.output_parsed == Label(label="refund", score=0.5)


def test_logprobs(wide):
    include = ["message.output_text.logprobs"]
    (item,) = create(wide, "unsure", include=include, top_logprobs=1).value.output
    told = item.content[0].logprobs
    assert "".join(each.token for each in told) == "Perhaps so."
    assert all(len(each.top_logprobs) == 1 for each in told)


def test_the_events_are_numbered_and_in_the_order_of_the_api(wide):
    async def agent(client):
        stream = await client.responses.create(
            model=MODEL, input="think", stream=True, reasoning={"summary": "auto"}
        )
        return [event async for event in stream]

    events = played(wide, agent).value
    assert [each.sequence_number for each in events] == list(range(len(events)))
    kinds = [each.type.removeprefix("response.") for each in events]
    assert list(dict.fromkeys(kinds)) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "completed",
    ]
    assert [each.output_index for each in events if each.type.endswith("item.added")] == [0, 1]


def test_a_request_can_go_on_from_a_response(wide):
    async def agent(client):
        first = await client.responses.create(model=MODEL, input="hello")
        second = await client.responses.create(
            model=MODEL, input="again", previous_response_id=first.id
        )
        third = await client.responses.create(
            model=MODEL, input="again", previous_response_id=second.id
        )
        shown = await client.responses.retrieve(first.id)
        await client.responses.delete(first.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(first.id)
        counted = await client.responses.input_tokens.count(model=MODEL, input="hello")
        return second.output_text, third.output_text, shown.output_text, counted, first.usage

    second, third, shown, counted, usage = played(wide, agent).value
    assert (second, third) == ("2 turns; first: hello", "3 turns; first: hello")
    assert shown == SAID
    assert counted.input_tokens == usage.input_tokens


def test_what_is_not_stored_or_of_another_world_is_not_there(wide, wide_template):
    reply = value(
        ask(
            wide,
            "POST",
            "/v1/responses",
            {"model": MODEL, "input": "hello", "store": False},
            headers=KEY,
        )
    )
    kept = value(
        ask(
            wide, "POST", "/v1/responses", {"model": MODEL, "input": "hello"}, headers=KEY, draw="2"
        )
    )
    for service, previous in ((wide, reply["id"]), (wide_template.fresh(), kept["id"])):
        body = {"model": MODEL, "input": "again", "previous_response_id": previous}
        refused = ask(service, "POST", "/v1/responses", body, headers=KEY)
        assert (refused.status, value(refused)["error"]["code"]) == (
            400,
            "previous_response_not_found",
        )


def test_an_input_beyond_the_context_is_refused(defined):
    service = defined("context: 8")
    reply = ask(service, "POST", "/v1/responses", {"model": MODEL, "input": "hello"}, headers=KEY)
    error = value(reply)["error"]
    assert (reply.status, error["code"]) == (400, "context_length_exceeded")
    assert error["message"].startswith("Your input exceeds the context window")


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"model": MODEL}, "input", "Missing required parameter: 'input'."),
        ({"input": "x"}, None, "you must provide a model"),
        ({"model": MODEL, "input": 3}, "input", "one of a string or array of objects"),
        ({"model": MODEL, "input": ["x"]}, "input[0]", "expected an object"),
        ({"model": MODEL, "input": [{}]}, "input[0].type", "Missing"),
        ({"model": MODEL, "input": [{"type": "smell"}]}, "input[0].type", "Invalid value: 'smell'"),
        ({"model": MODEL, "input": "x", "max_output_tokens": 5}, "max_output_tokens", ">= 16"),
        ({"model": MODEL, "input": "x", "conversation": "c"}, "conversation", "does not take"),
        ({"model": MODEL, "input": "x", "stream": 1}, "stream", "a boolean"),
        (
            {"model": MODEL, "input": "x", "text": {"format": {"type": "json_object"}}},
            "input",
            "must contain the word 'json'",
        ),
        (
            {
                "model": MODEL,
                "input": [{"type": "function_call_output", "call_id": "c", "output": ""}],
            },
            "input",
            "No tool call found for function call output with call_id c.",
        ),
        (
            {
                "model": MODEL,
                "input": [
                    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
                ],
            },
            "input",
            "No tool output found for function call c.",
        ),
    ],
    ids=lambda each: str(each)[:50],
)
def test_what_is_refused(wide, body, param, message):
    reply = ask(wide, "POST", "/v1/responses", body, headers=KEY)
    error = value(reply)["error"]
    assert (reply.status, error["param"]) == (400, param)
    assert message in error["message"]
