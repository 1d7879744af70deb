"""What the real API refuses, and how."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.asking import ask, handled, header, request, value
from tests.services.llm.openai.support import TOOLS

KEY = {"Authorization": "Bearer k"}
USER = {"role": "user", "content": "x"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "{}"}


OPEN = {
    "type": "object",
    "properties": {"a": {"type": "object"}},
    "required": ["a"],
    "additionalProperties": False,
}


def function(**more):
    return {"type": "function", "function": {"name": "f", **more}}


def strict(schema):
    named = {"name": "r", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named}


def chat(service, body, **more):
    return ask(service, "POST", "/v1/chat/completions", body, headers=KEY, **more)


def asking(**more):
    return {"model": "gpt-4o", "messages": [USER], **more}


def saying(*messages):
    return {"model": "gpt-4o", "messages": list(messages)}


@pytest.mark.parametrize(
    ("body", "param", "code", "message"),
    [
        (b"", None, None, "We could not parse the JSON body of your request"),
        (b"{", None, None, "We could not parse the JSON body of your request"),
        (b"\xff", None, None, "We could not parse the JSON body of your request"),
        (b"[" * 9999, None, None, "nested deeper"),
        (b"[]", None, None, "to be an object"),
        ({}, None, None, "you must provide a model parameter"),
        ({"model": 4}, None, None, "you must provide a model parameter"),
        ({"model": "m"}, "messages", "missing_required_parameter", "'messages'."),
        (
            {"model": "m", "messages": "x"},
            "messages",
            "invalid_type",
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
        ),
        (saying(), "messages", "empty_array", "Invalid 'messages': empty array"),
        (saying("x"), "messages[0]", "invalid_type", "expected an object, but got a string"),
        (saying({}), "messages[0].role", "missing_required_parameter", "'messages[0].role'"),
        (
            saying({"role": "robot"}),
            "messages[0].role",
            "invalid_value",
            "Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and "
            "'developer'.",
        ),
        (saying({"role": ["user"]}), "messages[0].role", "invalid_value", "Invalid value"),
        (saying({"role": "user"}), "messages[0].content", None, "expected a string, got null"),
        (saying({"role": "assistant"}), "messages[0].content", None, "got null"),
        (
            saying({"role": "user", "content": 3}),
            "messages[0].content",
            "invalid_type",
            "but got an integer instead",
        ),
        (
            saying({"role": "user", "content": ["x"]}),
            "messages[0].content[0]",
            "invalid_type",
            "but got a string instead",
        ),
        (
            saying({"role": "user", "content": [{}]}),
            "messages[0].content[0].type",
            "missing_required_parameter",
            "Missing",
        ),
        (
            saying({"role": "user", "content": [{"type": "smell"}]}),
            "messages[0].content[0].type",
            "invalid_value",
            "'smell'",
        ),
        (
            saying({"role": "user", "content": [{"type": "text", "text": None}]}),
            "messages[0].content[0].text",
            "invalid_type",
            "got null",
        ),
        (
            saying(USER, RESULT),
            "messages.[1].role",
            None,
            "messages with role 'tool' must be a response to a preceeding message",
        ),
        (
            saying(USER, CALLING, RESULT, USER, RESULT),
            "messages.[4].role",
            None,
            "must be a response to a preceeding message",
        ),
        (
            saying(USER, CALLING, {**RESULT, "tool_call_id": "c9"}),
            "messages.[2].tool_call_id",
            None,
            "'tool_call_id' of 'c9' not found",
        ),
        (
            saying(USER, CALLING, {"role": "tool", "content": "x"}),
            "messages[2].tool_call_id",
            "missing_required_parameter",
            "Missing",
        ),
        (
            saying(USER, CALLING, USER),
            "messages.[2].role",
            None,
            "The following tool_call_ids did not have response messages: c1",
        ),
        (saying(USER, CALLING), "messages.[2].role", None, "did not have response messages: c1"),
        (
            saying({**CALLING, "tool_calls": []}),
            "messages[0].tool_calls",
            "empty_array",
            "empty array",
        ),
        (
            saying({**CALLING, "content": "x", "tool_calls": "f"}),
            "messages[0].tool_calls",
            "invalid_type",
            "an array of objects",
        ),
        (
            saying({**CALLING, "tool_calls": [{**CALL, "id": None}]}),
            "messages[0].tool_calls[0].id",
            "missing_required_parameter",
            "Missing",
        ),
        (
            saying({**CALLING, "tool_calls": [{"id": "c", "type": "function"}]}),
            "messages[0].tool_calls[0].function",
            "missing_required_parameter",
            "Missing",
        ),
        (
            saying(
                {
                    **CALLING,
                    "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}],
                }
            ),
            "messages[0].tool_calls[0].function.arguments",
            "invalid_type",
            "expected a string, but got an object",
        ),
        (asking(tools=[]), "tools", "empty_array", "empty array"),
        (asking(tools={}), "tools", "invalid_type", "but got an object"),
        (asking(tools=["f"]), "tools[0]", "invalid_type", "but got a string"),
        (asking(tools=[{}]), "tools[0].type", "missing_required_parameter", "Missing"),
        (asking(tools=[{"type": "x"}]), "tools[0].type", "invalid_value", "'function', and"),
        (
            asking(tools=[{"type": "function"}]),
            "tools[0].function",
            "missing_required_parameter",
            "Missing",
        ),
        (
            asking(tools=[{"type": "function", "function": {}}]),
            "tools[0].function.name",
            "missing_required_parameter",
            "Missing",
        ),
        (
            asking(tools=[{"type": "function", "function": {"name": "a b"}}]),
            "tools[0].function.name",
            "invalid_value",
            "does not match pattern",
        ),
        (asking(tool_choice="auto"), "tool_choice", None, "only allowed when 'tools'"),
        (asking(functions=[]), "functions", None, "use 'tools'"),
        (asking(n=0), "n", "integer_below_min_value", ">= 1"),
        (asking(n=129), "n", "integer_above_max_value", "<= 128"),
        (asking(stop=5), "stop", "invalid_type", "string or array"),
        (asking(stop=["a"] * 5), "stop", "array_above_max_length", "maximum length 4"),
        (asking(logprobs="yes"), "logprobs", "invalid_type", "a boolean"),
        (asking(top_logprobs=2), "top_logprobs", None, "only allowed when 'logprobs'"),
        (
            asking(logprobs=True, top_logprobs=21),
            "top_logprobs",
            "integer_above_max_value",
            "<= 20",
        ),
        (
            asking(tools=[function(parameters={"type": "array"})]),
            "tools[0].function.parameters",
            "invalid_function_parameters",
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"'",
        ),
        (
            asking(tools=[function(strict=True, parameters=OPEN)]),
            "tools[0].function.parameters",
            "invalid_function_parameters",
            "In context=('properties', 'a'), 'additionalProperties' is required to be supplied",
        ),
        (
            asking(tools=[function()], tool_choice="maybe"),
            "tool_choice",
            "invalid_value",
            "'none', 'auto', and 'required'",
        ),
        (
            asking(tools=[function()], tool_choice={"type": "function", "function": {"name": "g"}}),
            "tool_choice",
            None,
            "tool 'g' not found in 'tools' parameter",
        ),
        (
            asking(response_format=strict({"type": "object", "properties": {"a": {}}})),
            "response_format.json_schema",
            None,
            "Invalid schema for response_format 'r': In context=(), 'additionalProperties'",
        ),
        (
            asking(
                response_format=strict(
                    {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
                )
            ),
            "response_format.json_schema",
            None,
            "including every key in properties. Missing 'a'.",
        ),
        (
            asking(temperature=3),
            "temperature",
            "decimal_above_max_value",
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3",
        ),
        (asking(top_p=-1), "top_p", "decimal_below_min_value", "below minimum value"),
        (asking(temperature="hot"), "temperature", "invalid_type", "a decimal"),
        (asking(max_tokens=0), "max_tokens", "integer_below_min_value", ">= 1"),
        (asking(max_completion_tokens=1.5), "max_completion_tokens", "invalid_type", "a decimal"),
        (asking(stream="yes"), "stream", "invalid_type", "expected a boolean"),
        (asking(stream_options={}), "stream_options", None, "only allowed when 'stream'"),
        (asking(stream=True, stream_options=1), "stream_options", "invalid_type", "an object"),
        (asking(response_format="json"), "response_format", "invalid_type", "an object"),
        (
            asking(response_format={"type": "xml"}),
            "response_format.type",
            "invalid_value",
            "'json_object', 'json_schema', and 'text'",
        ),
        (
            asking(response_format={"type": "json_object"}),
            "messages",
            None,
            "must contain the word 'json'",
        ),
        (
            asking(response_format={"type": "json_schema"}),
            "response_format.json_schema",
            "missing_required_parameter",
            "Missing",
        ),
        (
            asking(response_format={"type": "json_schema", "json_schema": {}}),
            "response_format.json_schema.name",
            "missing_required_parameter",
            "Missing",
        ),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_wrong_request_is_400_in_the_envelope(service, body, param, code, message):
    reply = chat(service, body)
    error = value(reply)["error"]
    assert reply.status == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert message in error["message"]
    assert reply.complaint is None


@pytest.mark.parametrize(
    "body",
    [
        saying({"role": "user", "content": [{"type": "text", "text": "my order"}]}),
        saying({"role": "developer", "content": "x"}, {**USER, "content": "my order"}),
        saying({**USER, "content": "my order"}, CALLING, RESULT, {**USER, "content": "my order"}),
        saying(
            {**USER, "content": "my order"}, {"role": "assistant", "content": None, "refusal": "n"}
        ),
        asking(tool_choice="none", tools=TOOLS, temperature=1, top_p=None, n=1, user="u", seed=1),
        asking(response_format={"type": "text"}, max_tokens=5, parallel_tool_calls=True),
        saying(
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
        ),
    ],
    ids=lambda each: str(each)[:60],
)
def test_a_right_request_reaches_the_script(service, body):
    reply = chat(service, body)
    assert reply.status == 200 or value(reply)["error"]["code"] == "no_matching_rule"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer "}, {"Authorization": "k"}, {"Authorization": "Basic k"}],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/chat/completions"), ("GET", "/v1/models")]
)
def test_a_request_without_a_key_is_401(service, headers, method, path):
    reply = ask(service, method, path, asking(), headers=headers)
    assert reply.status == 401
    assert "You didn't provide an API key" in value(reply)["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/chat/completions", "POST"),
        ("POST", "/v1/models", "GET"),
        ("POST", "/models/gpt-4o", "GET"),
    ],
)
def test_another_method_is_405(service, method, path, allow):
    reply = ask(service, method, path, headers=KEY)
    assert (reply.status, header(reply, "allow")) == (405, allow)
    assert value(reply)["error"]["code"] == "method_not_supported"


def test_an_unknown_path_is_404_with_a_complaint(service):
    reply = ask(service, "POST", "/v1/nothing", asking(), headers=KEY)
    message = value(reply)["error"]["message"]
    assert (reply.status, message) == (404, "Invalid URL (POST /v1/nothing)")
    assert "POST /v1/chat/completions" in reply.complaint


def test_an_oversized_request_is_413(service):
    assert chat(service, b" " * (9 << 20)).status == 413


def test_what_the_script_does_not_answer_is_a_complaint_that_no_client_retries(service):
    reply = chat(service, asking())
    assert (reply.status, value(reply)["error"]["code"]) == (400, "no_matching_rule")
    assert "the nearest is rules[" in reply.complaint
    assert header(reply, "x-should-retry") == "false"


def test_a_template_that_needs_the_session_complains_where_there_is_none(service):
    body = saying({"role": "system", "content": "polite"}, USER)
    reply = chat(service, body, caller=None)
    assert (reply.status, value(reply)["error"]["code"]) == (500, "script_failed")
    assert "not attributed to a session" in reply.complaint


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/chat/completions", "chat"),
        ("POST", "/chat/completions", "chat"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/gpt-4o", "models"),
        ("POST", "/openai/deployments/d/chat/completions", "chat"),
        ("POST", "/api/v1/chat/completions", "chat"),
        ("POST", "/v1/nothing", "POST /v1/nothing"),
    ],
)
def test_operations(service, method, path, operation):
    assert service.operation(request(method, path)) == operation


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "tool", "assistant", "system", "x"]) | JSON,
        "content": JSON | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": JSON})),
        "tool_calls": st.lists(st.just(CALL) | JSON, max_size=2) | JSON,
        "tool_call_id": st.just("c1") | JSON,
    },
)
OPTIONS = """
    tools tool_choice stream stream_options response_format n temperature max_tokens functions
"""
BODIES = st.fixed_dictionaries(
    {"model": st.just("gpt-4o") | JSON, "messages": st.lists(MESSAGES | JSON, max_size=4) | JSON},
    optional=dict.fromkeys(OPTIONS.split(), JSON),
)


@settings(deadline=None, max_examples=300)
@given(BODIES.map(json.dumps).map(str.encode) | st.binary(max_size=50))
def test_no_request_raises(template, body):
    service = template.fresh()
    asked = request("POST", "/v1/chat/completions", body, headers=KEY)
    reply = handled(service, asked)
    assert reply.status in (200, 400, 404, 500)
    assert handled(service, asked) == reply
