"""What the real API refuses, and how."""

import asyncio
import json

import pytest
from google.genai import errors
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.asking import ask, handled, request, value
from tests.services.llm.gemini.support import MODEL, generate, played
from tests.services.llm.worlds import SECOND

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

KEY = {"x-goog-api-key": "k"}
PATH = f"/v1beta/models/{MODEL}:generateContent"
USER = {"role": "user", "parts": [{"text": "x"}]}
CALL = {"functionCall": {"name": "f", "args": {}}}
RESPONSE = {"functionResponse": {"name": "f", "response": {}}}


def post(service, body, **more):
    more.setdefault("headers", KEY)
    return ask(service, "POST", PATH, body, **more)


def asking(**more):
    return {"contents": [USER], **more}


def saying(*contents):
    return {"contents": list(contents)}


def config(**more):
    return asking(generationConfig=more)


def declaring(*functions):
    return asking(tools=[{"functionDeclarations": list(functions)}])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Invalid JSON payload received"),
        (b"{", "Invalid JSON payload received"),
        (b"[]", "Root element must be a message"),
        ({}, "contents is not specified"),
        (saying(), "contents is not specified"),
        (asking(contnts=[]), 'Unknown name "contnts": Cannot find field.'),
        ({"contents": "x"}, "Invalid value at 'contents' (TYPE_LIST), \"x\""),
        ({"contents": ["x"]}, "Invalid value at 'contents[0]'"),
        (saying({"role": "robot", "parts": []}), "Please use a valid role: user, model."),
        (saying({"role": "user"}), "contents.parts must not be empty"),
        (saying({"parts": [{}]}), "contents[0].parts[0].data: required oneof field 'data'"),
        (saying({"parts": [{"text": 3}]}), "Invalid value at 'contents[0].parts[0].text'"),
        (saying({"role": "user", "parts": [RESPONSE]}), "comes immediately after a function call"),
        (saying(USER, {"role": "model", "parts": [CALL]}), "followed by a function response turn"),
        (
            saying(USER, {"role": "model", "parts": [CALL, CALL]}, {"parts": [RESPONSE]}),
            "number of function response parts is equal",
        ),
        (saying({"role": "model", "parts": [CALL]}), "comes immediately after a user turn"),
        (config(maxOutputTokens="5"), "Invalid value at 'generation_config.max_output_tokens'"),
        (config(max_output_tokens=0), "maxOutputTokens must be in the range"),
        (config(temperature=3), "temperature must be in the range [0, 2]"),
        (config(candidateCount=9), "candidateCount must be in the range [1, 8]"),
        (config(stopSequences=["a"] * 6), "at most 5 elements"),
        (config(responseSchema={}), "only supported with response_mime_type"),
        (declaring({}), "Name cannot be empty"),
        (declaring({"name": "f"}, {"name": "f"}), "Duplicate function declaration found: f"),
        (asking(toolConfig={"functionCallingConfig": {"mode": "SOME"}}), "mode"),
        (
            asking(toolConfig={"functionCallingConfig": {"allowedFunctionNames": ["g"]}}),
            "g is not one of the declared",
        ),
        (
            saying({"parts": [{"text": "x" * 50_000}]}),
            "input token count (12507) exceeds the maximum",
        ),
    ],
    ids=lambda each: str(each)[:50],
)
def test_a_wrong_request_is_400_in_the_envelope(service, body, message):
    reply = post(service, body)
    error = value(reply)["error"]
    assert (reply.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert message in error["message"]
    assert reply.complaint is None


@pytest.mark.parametrize(
    ("status", "kind", "asked"),
    [
        (403, "PERMISSION_DENIED", {"headers": {}}),
        (404, "NOT_FOUND", {"target": "/v1beta/models/nope:generateContent"}),
        (404, "NOT_FOUND", {"target": "/v1beta/nothing"}),
        (405, "UNIMPLEMENTED", {"method": "GET"}),
        (413, "INVALID_ARGUMENT", {"body": b" " * (9 << 20)}),
        (400, "INVALID_ARGUMENT", {}),
        (500, "INTERNAL", {"body": saying({"parts": [{"text": "broken"}]})}),
        (200, None, {"body": saying({"parts": [{"text": "cached"}]}), "headers": KEY}),
    ],
)
def test_refusals_of_the_service(service, status, kind, asked):
    whole = {"method": "POST", "target": PATH, "body": asking(), "headers": KEY, **asked}
    reply = ask(service, **whole)
    assert reply.status == status
    assert kind is None or value(reply)["error"]["status"] == kind


def test_the_key_that_is_wanted(defined):
    error = value(post(defined("require_key: right"), asking()))["error"]
    assert (error["code"], error["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    body = saying({"parts": [{"text": "cached"}]})
    reply = ask(defined("require_key: right"), "POST", f"{PATH}?key=right", body)
    assert reply.status == 200


def test_a_used_up_quota_says_when_to_come_back(defined):
    service = defined("rate_limit: {requests: 1, window: 1min}")

    async def agent(client):
        await client.models.generate_content(model=MODEL, contents="cached")
        with pytest.raises(errors.ClientError) as caught:
            await client.models.generate_content(model=MODEL, contents="cached")
        details = caught.value.details["error"]["details"]
        delay = next(each["retryDelay"] for each in details if "retryDelay" in each)
        await asyncio.sleep(int(delay.removesuffix("s")))
        await client.models.generate_content(model=MODEL, contents="cached")
        return caught.value.code, caught.value.status, delay

    ran = played(service, agent)
    assert ran.value == (429, "RESOURCE_EXHAUSTED", "60s")
    assert (ran.statuses, ran.now) == ([200, 429, 200], 60 * SECOND)


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        ("unheard of", errors.ClientError, "no rule of the script fits"),
        ("broken", errors.ServerError, "there is no `missing` here"),
    ],
)
def test_what_the_script_does_not_answer_is_the_sdks_error(service, contents, error, message):
    with pytest.raises(error, match=message):
        generate(service, contents)


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
PART = st.sampled_from([CALL, RESPONSE, {"text": "x"}]) | st.dictionaries(
    st.sampled_from(["text", "functionCall", "functionResponse", "inlineData", "thought"]), JSON
)
CONTENT = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "model"]) | JSON, "parts": st.lists(PART | JSON) | JSON}
)
OPTIONS = "tools toolConfig generationConfig systemInstruction safetySettings"
CONFIG = st.dictionaries(
    st.sampled_from(
        ["responseSchema", "responseMimeType", "stopSequences", "thinkingConfig", "candidateCount"]
    ),
    JSON,
)
BODIES = st.fixed_dictionaries(
    {"contents": st.lists(CONTENT | JSON, max_size=4) | JSON},
    optional={**dict.fromkeys(OPTIONS.split(), JSON), "generationConfig": CONFIG | JSON},
)


@settings(deadline=None, max_examples=300)
@given(BODIES.map(json.dumps).map(str.encode) | st.binary(max_size=50))
def test_no_request_raises(template, body):
    service = template.fresh()
    asked = request("POST", PATH, body, headers=KEY)
    reply = handled(service, asked)
    assert reply.status in (200, 400, 404, 500)
    assert handled(service, asked) == reply
