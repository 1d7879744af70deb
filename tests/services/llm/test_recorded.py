"""Usage that was recorded of real calls, for replies of which the script says none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.keyed import Draw
from evalkit.services.llm.recorded import RecordedUsage, UsageRecord
from evalkit.wire import Reply, Usage
from tests.services.asking import handled, load, request
from tests.world.model_worlds import CLIENTS, met

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
SCRIPT = """
rules:
  - when: {text: stated}
    reply: {text: Hello there., usage: {input: 7, output: 5}}
  - when: {text: named}
    reply: {text: Hello there.}
  - reply: {text: Hello there.}
"""
RECORDS: list[dict[str, Any]] = [
    {"model": "gpt-4o-2024-08-06", "rule": "rules[1]", "input": 1, "output": 1},
    {"rule": "rules[1]", "input": 2, "output": 1},
    {"model": "gpt-4o", "input": 3, "output": 1},
    {"model": "gpt-4o-2024-11-20", "input": 4, "output": 1},
    {"input": 5, "output": 1},
]


def lines(*records: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in records)


def usage_of(folder: Path, text: str, *, model: str = "gpt-4o", draw: str = "request") -> Usage:
    """What is told of the tokens of a chat completion, after a recording in the folder."""
    if not (folder / "usage.jsonl").exists():
        (folder / "usage.jsonl").write_text(lines(*RECORDS))
    service = load(folder, "service: openai\nusage: {samples: usage.jsonl}\n", SCRIPT).fresh()
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    asked = request("POST", "/v1/chat/completions", body, headers=headers, draw=draw)
    return told(handled(service, asked))


def told(reply: Reply) -> Usage:
    assert reply.status == 200, reply.body()
    said = json.loads(reply.body())["usage"]
    details = said["prompt_tokens_details"], said["completion_tokens_details"]
    assert reply.usage == Usage(
        input=said["prompt_tokens"],
        output=said["completion_tokens"],
        cached=details[0]["cached_tokens"],
        reasoning=details[1]["reasoning_tokens"],
    )
    return reply.usage


@pytest.mark.parametrize(
    ("text", "model", "inputs"),
    [
        ("stated", "gpt-4o", {7}),  # the script comes first
        ("named", "gpt-4o", {1}),  # then what is for the rule and the model
        ("named", "gpt-4o-2024-05-13", {1}),  # whatever its date
        ("named", "gpt-4o-mini", {2}),  # what is for the rule
        ("else", "gpt-4o", {3, 4}),  # what is for the model
        ("else", "gpt-4.1", {5}),  # what is for none
    ],
)
def test_which_records_a_reply_draws_from(
    tmp_path: Path, text: str, model: str, inputs: set[int]
) -> None:
    drawn = [usage_of(tmp_path, text, model=model, draw=str(number)) for number in range(16)]
    assert {each.input for each in drawn} == inputs


def test_what_nothing_was_recorded_for_is_estimated(tmp_path: Path) -> None:
    (tmp_path / "usage.jsonl").write_text(lines({"model": "o3", "input": 900, "output": 90}))
    # Two words of 4 bytes each, 4 for the message and 3 for the conversation; a reply of 12 bytes.
    assert usage_of(tmp_path, "abcdefgh") == Usage(input=9, output=3)


def test_a_call_draws_the_same_again_and_calls_differ() -> None:
    recorded = RecordedUsage(UsageRecord(input=each, output=1) for each in range(100))
    drawn = [recorded.draw(None, "m", Draw("call", number)) for number in range(50)]
    assert drawn == [recorded.draw(None, "m", Draw("call", number)) for number in range(50)]
    assert len(set(drawn)) > 25


@pytest.mark.parametrize("name", CLIENTS)
def test_every_api_tells_what_was_recorded(tmp_path: Path, name: str) -> None:
    kind, call = CLIENTS[name]
    record = "{input: 4321, output: 987, cached: 765, reasoning: 3}"
    came = met(tmp_path, kind, call, more=f"usage: {{samples: [{record}]}}\n")
    (ended,) = came.ended
    assert ended.usage == Usage(input=4321, output=987, cached=765, reasoning=3)
    # A stream of chat completions tells it only to those who ask.
    assert (b"987" in ended.body or b"984" in ended.body) == (name != "chat stream")


@pytest.mark.parametrize(
    ("text", "places", "words"),
    [
        ('{"input": 1}', ["usage.jsonl:1:1"], 'the key "output" is missing'),
        (
            '{"input": 1, "output": 2, "cahced": 1}',
            ["usage.jsonl:1:27"],
            "did you mean cached?",
        ),
        (
            f"{lines(RECORDS[0])}\n{{'input': 1}}\n[]",
            ["usage.jsonl:3:2", "usage.jsonl:4:1"],
            "this is not JSON",
        ),
        (
            lines({"input": 5, "output": 1, "cached": 6}),
            ["usage.jsonl:1:1"],
            "`cached` and `cache_write` are parts of `input`, and more than it",
        ),
        (lines({"input": -1, "output": 1}), ["usage.jsonl:1:11"], "this must be at least 0"),
        ("\n", ["usage.jsonl"], "the file holds no usage; allowed: one JSON object a line"),
    ],
)
def test_mistakes_in_a_recording(tmp_path: Path, text: str, places: list[str], words: str) -> None:
    (tmp_path / "usage.jsonl").write_text(text)
    with pytest.raises(SuiteError) as caught:
        usage_of(tmp_path, "hello")
    problems = caught.value.problems
    assert [each.place.rpartition("/")[2] for each in problems] == places
    assert words in str(caught.value)


def test_a_recording_that_is_not_there_is_told_with_what_else_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "usages.jsonl").write_text(lines(*RECORDS))
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "service: openai\nusage: {samples: usage.jsonl}\n", "rules: 5\n")
    text = str(caught.value)
    assert "service.yaml:2:18: there is no file" in text
    assert "did you mean usages.jsonl?" in text
    assert "script.yaml:1:8" in text
