"""The faults of models where `test_model_faults` does not look: other providers, and streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.world.model_worlds import CLIENTS, SCHEMA, met
from tests.world.test_model_faults import ALL, STREAMS, WHOLES, asked

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
LABEL = {**SCHEMA, "title": "Label"}
NAMED = {"type": "json_schema", "name": "Label", "schema": SCHEMA, "strict": True}
FORMS: dict[str, dict[str, Any]] = {
    # `text` is what the user says, for those who ask here.
    "responses": {"extra_body": {"text": {"format": NAMED}}},
    "messages": {"output_config": {"format": {"type": "json_schema", "schema": LABEL}}},
    "gemini": {"response_mime_type": "application/json", "response_json_schema": LABEL},
}


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("missing", '{"score":0.5}'),
        ("types", '{"label":0,"score":"0.5"}'),
        ("prose", 'Here is the result:\n\n```json\n{"label":"refund","score":0.5}\n```'),
    ],
)
@pytest.mark.parametrize("name", [each for each in (*WHOLES, *STREAMS) if "chat" not in each])
def test_structured_output_breaks_its_schema(tmp_path: Any, name: str, how: str, text: str) -> None:
    kind, call = CLIENTS[name]
    more = FORMS[name.split(maxsplit=1)[0]]
    came = met(tmp_path, kind, lambda: call("label", **more), {"wrong_schema": how})
    assert came.got[0] == text
    assert came.ended[0].failed
    assert came.delivered == 1


CALLED: dict[str, tuple[Any, str, Any]] = {
    "unknown_tool": ("unknown_tool", "get_order_v2", {"id": 17, "note": "urgent"}),
    "missing": ({"bad_arguments": "missing"}, "get_order", {"note": "urgent"}),
    "types": ({"bad_arguments": "types"}, "get_order", {"id": "17", "note": 0}),
}


@pytest.mark.parametrize("fault", CALLED)
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_calls_a_tool_otherwise(tmp_path: Any, name: str, fault: str) -> None:
    written, tool, value = CALLED[fault]
    text = json.dumps(value, separators=(",", ":"))
    seen = {
        "chat stream": f"{tool}{text}",
        "responses stream": text,
        "messages stream": [(tool, value)],
        "gemini stream": json.dumps([tool, value]),
    }
    came = asked(tmp_path, name, written, "order")
    assert came.got[0] == seen[name]
    assert f'"name":"{tool}"'.encode() in came.ended[0].body
    assert came.delivered == 1


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("chat stream", {"logprobs": True, "top_logprobs": 1}),
        ("responses", {"include": ["message.output_text.logprobs"], "top_logprobs": 1}),
        ("responses stream", {"include": ["message.output_text.logprobs"], "top_logprobs": 1}),
        ("gemini", {"response_logprobs": True, "logprobs": 1}),
        ("gemini stream", {"response_logprobs": True, "logprobs": 1}),
    ],
)
def test_low_confidence_is_told_to_those_who_ask(tmp_path: Any, name: str, more: Any) -> None:
    told = asked(tmp_path, name, {"low_confidence": 0.25}, **more)
    untold = asked(tmp_path, name, {"low_confidence": 0.25})
    assert b":-1.386" in told.ended[0].body
    assert (told.delivered, untold.delivered) == (1, 0)
    assert told.got[0] == untold.got[0] == ALL


@pytest.mark.parametrize("name", ["messages", "messages stream"])
def test_an_api_that_tells_of_no_confidence_meets_no_lack_of_it(tmp_path: Any, name: str) -> None:
    came = asked(tmp_path, name, {"low_confidence": 0.25})
    assert (came.got[0], came.delivered) == (ALL, 0)


@pytest.mark.parametrize("name", [*WHOLES, "gemini stream"])
def test_the_first_token_is_late(tmp_path: Any, name: str) -> None:
    came = asked(tmp_path, name, {"slow_first_token": "500ms"})
    assert came.got[0] == ALL
    assert came.seconds == pytest.approx(0.7 + 0.5, abs=1e-9)
    assert came.delivered == 1


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("messages", ([("get_order", '{"id":17,"no')], "tool_use")),
        # The API keeps such calls to itself: there is no part for its caller to read.
        ("gemini", "builtins AttributeError"),
    ],
)
def test_arguments_that_are_no_json_in_one_piece(tmp_path: Any, name: str, seen: Any) -> None:
    came = asked(tmp_path, name, {"bad_arguments": "broken"}, "order")
    assert came.got == seen
    assert (came.delivered, came.ended[0].failed) == (1, True)
