"""The official SDK judges the replies, in the simulated world."""

import asyncio
import math

import pydantic
import pytest
from google.genai import errors, types

from tests.services.asking import ask, value
from tests.services.llm.gemini.support import HOST, MODEL, POLITE, SAID, generate, played
from tests.services.llm.worlds import MS

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

KEY = {"x-goog-api-key": "k"}
TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_order",
                parameters=types.Schema(
                    type="OBJECT", properties={"id": types.Schema(type="INTEGER")}
                ),
            )
        ]
    )
]
PLAIN_TOOLS = {"tools": TOOLS, "automatic_function_calling": {"disable": True}}


class Label(pydantic.BaseModel):
    label: str
    score: float


def parts(response):
    return response.candidates[0].content.parts


def test_content(service):
    ran = generate(service, "hello", **POLITE)
    reply = ran.value
    assert (reply.text, reply.model_version) == (SAID, MODEL)
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    usage = reply.usage_metadata
    assert usage.candidates_token_count == 7
    assert usage.total_token_count == usage.prompt_token_count + 7
    assert ran.now == 360 * MS
    assert ran.begun[0].path == f"/v1/models/{MODEL}:generateContent"


def test_a_stream_says_the_same_token_by_token(service):
    ran = generate(service, "hello", streamed=True, **POLITE)
    chunks = ran.value
    assert "".join(chunk.text for chunk in chunks) == SAID
    assert [bool(chunk.candidates[0].finish_reason) for chunk in chunks] == [False] * 6 + [True]
    assert {chunk.usage_metadata.candidates_token_count for chunk in chunks} == {7}
    assert ran.now == 360 * MS


def test_the_tokens_of_a_stream_arrive_at_their_times(service):
    async def agent(client):
        loop, seen = asyncio.get_running_loop(), []
        began = loop.time()
        asked = {"model": MODEL, "contents": "hello", "config": POLITE}
        async for _ in await client.models.generate_content_stream(**asked):
            seen.append(round((loop.time() - began) * 1000))
        return seen

    assert played(service, agent).value == [300 + 10 * at for at in range(7)]


@pytest.mark.parametrize("streamed", [False, True])
def test_function_calls_and_their_responses(service, streamed):
    first = generate(service, "my order", streamed=streamed, **PLAIN_TOOLS).value
    said = [part for each in (first if streamed else [first]) for part in parts(each)]
    assert "".join(part.text or "" for part in said) == "I look."
    calls = [part.function_call for part in said if part.function_call]
    assert [(call.name, call.args) for call in calls] == [
        ("get_order", {"id": 17}),
        ("get_order", {"id": 18}),
    ]
    results = [
        types.Part.from_function_response(name=call.name, response={"id": 17, "state": "late"})
        for call in calls
    ]
    contents = [
        types.Content(role="user", parts=[types.Part(text="my order")]),
        types.Content(role="model", parts=said),
        types.Content(role="user", parts=results),
    ]
    assert generate(service, contents, **PLAIN_TOOLS).value.text == "Order 17 is late."


def test_the_sdk_calls_functions_of_its_own_accord(service):
    def get_order(id: int) -> dict:  # noqa: A002
        return {"id": id, "state": "late"}

    ran = generate(service, "my order", tools=[get_order])
    assert ran.value.text == "Order 18 is late."
    assert len(ran.ended) == 2


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("contents", "config", "reason", "text"),
    [
        ("filtered", {}, "SAFETY", ""),
        ("forbidden", {}, "SAFETY", "I can't help with that."),
        ("malformed", PLAIN_TOOLS, "MALFORMED_FUNCTION_CALL", ""),
        ("hello", {"max_output_tokens": 2}, "MAX_TOKENS", "Good da"),
        ("hello", {"stop_sequences": [" How"]}, "STOP", "Good day, Ann."),
        (types.Part.from_bytes(data=b"x", mime_type="image/png"), {}, "STOP", "A picture."),
    ],
)
def test_how_content_ends(service, streamed, contents, config, reason, text):
    reply = generate(service, contents, streamed=streamed, **config, **POLITE).value
    chunks = reply if streamed else [reply]
    said = [part.text for each in chunks for part in (each.parts or [])]
    assert "".join(said) == text
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason(reason)


def test_structured_output(service):
    reply = generate(
        service, "x", response_mime_type="application/json", response_schema=Label
    ).value
    assert reply.parsed == Label(label="refund", score=0.5)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("thinking", "shown", "count"),
    [
        (None, "", 5),
        ({"include_thoughts": True}, "Let me see about it.", 5),
        ({"thinking_budget": 0}, "", None),
    ],
)
def test_thoughts(service, streamed, thinking, shown, count):
    ran = generate(service, "think", streamed=streamed, thinking_config=thinking)
    chunks = ran.value if streamed else [ran.value]
    said = [part for each in chunks for part in parts(each)]
    assert "".join(part.text for part in said if part.thought) == shown
    assert "".join(part.text for part in said if not part.thought) == "Done."
    assert chunks[-1].usage_metadata.thoughts_token_count == count
    assert ran.now == (300 + 10 * ((count or 0) + 1)) * MS


def test_usage(service):
    usage = generate(service, "cached").value.usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (100, 60)
    assert (usage.candidates_token_count, usage.thoughts_token_count) == (5, 4)
    assert usage.total_token_count == 109


def test_several_candidates_and_their_logprobs(service):
    reply = generate(service, "unsure", candidate_count=2, response_logprobs=True, logprobs=1).value
    assert [each.content.parts[0].text for each in reply.candidates] == ["Perhaps so.", "No."]
    chosen = reply.candidates[0].logprobs_result.chosen_candidates
    assert "".join(each.token for each in chosen) == "Perhaps so."
    assert reply.candidates[0].avg_logprobs == pytest.approx(math.log(0.25))


def test_counting_embedding_and_models(service):
    async def agent(client):
        counted = await client.models.count_tokens(model=MODEL, contents="hello")
        read = await client.models.generate_content(model=MODEL, contents="cached")
        embedded = await client.models.embed_content(
            model="gemini-embedding-001", contents=["a refund", "hello"]
        )
        short = await client.models.embed_content(
            model="gemini-embedding-001", contents="hello", config={"output_dimensionality": 8}
        )
        models = [model.name async for model in await client.models.list()]
        with pytest.raises(errors.ClientError, match="models/nope is not found"):
            await client.models.get(model="nope")
        return counted.total_tokens, read, embedded.embeddings, short.embeddings[0].values, models

    counted, _, vectors, short, models = played(service, agent).value
    assert counted == 9
    assert [len(each.values) for each in vectors] == [3072, 3072]
    assert math.fsum(each * each for each in short) == pytest.approx(1)
    assert models == ["models/gemini-test", "models/gemini-embedding-001"]


def test_without_sse_a_stream_is_a_json_array_in_pieces(service):
    body = {"contents": [{"parts": [{"text": "think"}]}]}
    reply = ask(service, "POST", f"/v1beta/models/{MODEL}:streamGenerateContent", body, headers=KEY)
    assert dict(reply.headers)["content-type"].startswith("application/json")
    assert [len(each["candidates"]) for each in value(reply)] == [1, 1]


@pytest.mark.parametrize(
    "path",
    [
        f"/v1beta/models/{MODEL}",
        f"/v1alpha/models/{MODEL}",
        f"/v1beta1/projects/p/locations/l/publishers/google/models/{MODEL}",
    ],
)
def test_other_versions_and_vertex(service, path):
    body = {"contents": [{"role": "user", "parts": [{"text": "think"}]}]}
    headers = {"Authorization": "Bearer t"}
    reply = ask(service, "POST", f"{path}:generateContent", body, headers=headers)
    assert (reply.status, reply.model) == (200, MODEL)
    assert service.hosts == (f"https://{HOST}",)
