"""What a chat completion can hold beside one text: choices, logprobs, media, reasoning."""

import json
import math

import pytest

from tests.services.llm.openai.world import MODEL, SAID, TOOL, played, user
from tests.services.llm.worlds import MS

TOOLS = [{"type": "function", "function": TOOL}]


def create(service, content, *, streamed=False, **more):
    """The completion: of a stream, what the SDK adds up."""
    asked = {"model": MODEL, "messages": [user(content)], **more}

    async def agent(client):
        if not streamed:
            return await client.chat.completions.create(**asked)
        options = {"include_usage": True}
        async with client.chat.completions.stream(**asked, stream_options=options) as stream:
            return await stream.get_final_completion()

    return played(service, agent)


BOTH = pytest.mark.parametrize("streamed", [False, True])


@BOTH
def test_several_choices_are_written_at_the_same_time(wide, streamed):
    ran = create(wide, "several", n=4, streamed=streamed)
    texts = [each.message.content for each in ran.value.choices]
    assert texts == ["One way.", "Another way, longer.", "Third.", "One way."]
    assert [each.index for each in ran.value.choices] == [0, 1, 2, 3]
    assert ran.value.usage.completion_tokens == 2 + 5 + 2 + 2
    assert ran.now == 340 * MS


@BOTH
def test_confidence_is_told_as_logprobs(wide, streamed):
    choice = create(wide, "unsure", logprobs=True, top_logprobs=2, streamed=streamed).value.choices[
        0
    ]
    entries = choice.logprobs.content
    assert "".join(each.token for each in entries) == "Perhaps so."
    assert {each.logprob for each in entries} == {round(math.log(0.25), 8)}
    assert all(bytes(each.bytes).decode() == each.token for each in entries)
    assert [len(each.top_logprobs) for each in entries] == [2] * 3
    assert all(each.top_logprobs[0].token == each.token for each in entries)


@BOTH
def test_without_asking_there_are_no_logprobs(wide, streamed):
    choice = create(wide, "unsure", streamed=streamed).value.choices[0]
    assert choice.logprobs is None


@BOTH
def test_reasoning_takes_its_time_and_is_not_shown(wide, streamed):
    ran = create(wide, "think", streamed=streamed)
    usage = ran.value.usage
    assert ran.value.choices[0].message.content == "Done."
    assert (usage.completion_tokens_details.reasoning_tokens, usage.completion_tokens) == (5, 7)
    assert ran.now == 360 * MS


def test_usage_tells_what_was_cached(wide):
    ran = create(wide, "cached")
    usage = ran.value.usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (100, 60)
    journaled = ran.ended[0].usage
    assert (journaled.input, journaled.cached, journaled.reasoning) == (100, 60, 4)


@pytest.mark.parametrize(
    ("content", "more", "reason", "text"),
    [
        ("hello", {"stop": " How"}, "stop", "Good day, Ann."),
        ("hello", {"stop": ["zzz"]}, "stop", SAID),
        ("hello", {"max_tokens": 2}, "length", "Good da"),
        ("filtered", {}, "content_filter", "Never"),
    ],
)
def test_reasons_to_stop(wide, content, more, reason, text):
    choice = create(wide, content, **more).value.choices[0]
    assert (choice.finish_reason, choice.message.content) == (reason, text)


def test_images_and_files_are_taken(wide):
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "file", "file": {"file_data": "data:,", "filename": "a.pdf"}},
    ]
    assert create(wide, content).value.choices[0].message.content == "A picture and a file."


def test_parallel_calls_stream_beside_each_other(wide):
    ran = create(wide, "my order", tools=TOOLS, streamed=True)
    calls = ran.value.choices[0].message.tool_calls
    assert [json.loads(each.function.arguments) for each in calls] == [{"id": 17}, {"id": 18}]
    assert len({each.id for each in calls}) == 2


def test_the_kth_token_arrives_at_its_moment(wide):
    asked = {"model": MODEL, "messages": [user("hello")], "stream": True}

    async def agent(client):
        import asyncio

        loop, seen = asyncio.get_running_loop(), []
        began = loop.time()
        async for chunk in await client.chat.completions.create(**asked):
            if chunk.choices[0].delta.content:
                seen.append(round((loop.time() - began) * 1e9))
        return seen

    assert played(wide, agent).value == [300 * MS + 10 * MS * k for k in range(7)]
