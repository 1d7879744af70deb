"""What the real API refuses, and how."""

import json

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.faults import apply_all
from evalkit.faults.status import Status
from evalkit.keyed import Draw
from tests.services.asking import ask, handled, header, request, value
from tests.services.llm.anthropic.support import MODEL, TOOLS, create, played, user
from tests.services.llm.worlds import SECOND

KEY = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
CALL = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "{}"}
CALLING = {"role": "assistant", "content": [CALL]}


def post(service, body, **more):
    more.setdefault("headers", KEY)
    return ask(service, "POST", "/v1/messages", body, **more)


def asking(**more):
    return {"model": MODEL, "max_tokens": 9, "messages": [user("x")], **more}


def saying(*messages):
    return asking(messages=list(messages))


def without(key):
    body = asking()
    del body[key]
    return body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[" * 9999, "nested deeper"),
        (b"[]", "Input should be a valid dictionary"),
        (without("model"), "model: Field required"),
        (without("max_tokens"), "max_tokens: Field required"),
        (without("messages"), "messages: Field required"),
        (asking(model=4), "model: Input should be a valid string"),
        (asking(max_tokens=0), "max_tokens: Input should be greater than or equal to 1"),
        (asking(max_tokens="9"), "max_tokens: Input should be a valid integer"),
        (asking(messages="x"), "messages: Input should be a valid list"),
        (asking(mesages=[]), "mesages: Extra inputs are not permitted"),
        (asking(temperature=2), "temperature: range: 0..1"),
        (asking(stream="yes"), "stream: Input should be a valid boolean"),
        (asking(stop_sequences=[" "]), "each stop sequence must contain non-whitespace"),
        (saying(), "at least one message is required"),
        (saying("x"), "messages.0: Input should be a valid dictionary"),
        (saying({"role": "robot", "content": "x"}), "messages.0.role: Input should be 'user' or"),
        (saying({"role": "user"}), "messages.0.content: Field required"),
        (saying(user("")), "messages.0: all messages must have non-empty content"),
        (saying(user([{"type": "text", "text": ""}])), "text content blocks must be non-empty"),
        (saying(user([{"type": "smell"}])), "Input tag 'smell' found using 'type'"),
        (saying({"role": "assistant", "content": "x"}), 'first message must use the "user" role'),
        (
            saying(user("x"), {"role": "assistant", "content": "so "}),
            "final assistant content cannot end with trailing whitespace",
        ),
        (saying(user("x"), CALLING), "messages.1: `tool_use` ids were found without"),
        (saying(user("x"), CALLING, user("y")), "`tool_result` blocks immediately after: t1"),
        (saying(user([RESULT])), "unexpected `tool_use_id` found in `tool_result` blocks: t1"),
        (saying(user("x"), CALLING, user([RESULT, RESULT])), "Found multiple `tool_result`"),
        (saying(user([CALL])), "`tool_use` blocks can only be in `assistant` messages"),
        (asking(tools=[{"name": "f"}]), "tools.0.custom.input_schema: Field required"),
        (
            asking(tools=[{"name": "f", "input_schema": {"type": "array"}}]),
            "tools.0.custom.input_schema.type: Input should be 'object'",
        ),
        (asking(tools=[{"name": "a b", "input_schema": {}}]), "String should match pattern"),
        (asking(tools=TOOLS * 2), "tools: Tool names must be unique."),
        (asking(tool_choice={"type": "any"}), "only be specified while providing tools"),
        (asking(tools=TOOLS, tool_choice={"type": "tool", "name": "g"}), "Tool 'g' not found"),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 5}),
            "budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 2000}),
            "`max_tokens` must be greater than `thinking.budget_tokens`",
        ),
        (
            asking(
                thinking={"type": "enabled", "budget_tokens": 2000},
                max_tokens=3000,
                messages=[user("x"), CALLING, user([RESULT])],
            ),
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found",
        ),
        (
            asking(
                thinking={"type": "adaptive"},
                tools=TOOLS,
                tool_choice={"type": "any"},
            ),
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (saying(user("x" * 50_000)), "prompt is too long: 12507 tokens > 10000 maximum"),
        (asking(max_tokens=9999), "input length and `max_tokens` exceed context limit: 8 + 9999"),
    ],
    ids=lambda each: str(each)[:50],
)
def test_a_wrong_request_is_400_in_the_envelope(service, body, message):
    reply = post(service, body)
    told = value(reply)
    assert (reply.status, told["type"]) == (400, "error")
    assert told["error"]["type"] == "invalid_request_error"
    assert message in told["error"]["message"]
    assert told["request_id"] == header(reply, "request-id")
    assert reply.complaint is None


@pytest.mark.parametrize(
    ("status", "kind", "asked"),
    [
        (401, "authentication_error", {"headers": {"anthropic-version": "2023-06-01"}}),
        (400, "invalid_request_error", {"headers": {"x-api-key": "k"}}),
        (404, "not_found_error", {"body": asking(model="claude-9")}),
        (413, "request_too_large", {"body": b" " * (9 << 20)}),
        (405, "invalid_request_error", {"method": "GET"}),
        (404, "not_found_error", {"target": "/v1/nothing"}),
        (400, "invalid_request_error", {"body": saying(user("unheard of"))}),
        (500, "api_error", {"body": saying(user("broken"))}),
    ],
)
def test_refusals_of_the_service(service, status, kind, asked):
    whole = {"method": "POST", "target": "/v1/messages", "body": asking(), "headers": KEY, **asked}
    reply = ask(service, **whole)
    assert (reply.status, value(reply)["error"]["type"]) == (status, kind)


def test_the_key_that_is_wanted(defined):
    service = defined("require_key: right")
    assert value(post(service, asking()))["error"]["message"] == "invalid x-api-key"
    right = {**KEY, "x-api-key": "right"}
    assert post(service, saying(user("cached")), headers=right).status == 200
    free = {"anthropic-version": "2023-06-01"}
    open_to_all = defined("require_key: false")
    assert post(open_to_all, saying(user("cached")), headers=free).status == 200


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("unheard of", anthropic.BadRequestError, "no rule of the script fits"),
        ("broken", anthropic.InternalServerError, "there is no `missing` here"),
    ],
)
def test_what_the_script_does_not_answer_is_not_asked_again(service, content, error, message):
    async def agent(client):
        with pytest.raises(error) as caught:
            await client.messages.create(model=MODEL, max_tokens=9, messages=[user(content)])
        return str(caught.value)

    ran = played(service, agent)
    assert message in ran.value
    assert len(ran.ended) == 1
    assert message in ran.ended[0].complaint


def test_overload_has_its_own_status(service):
    healthy, faults = post(service, saying(user("cached"))), [Status(status=529)]
    reply = apply_all(healthy, faults, Draw("x"), kind=service.kind)
    assert (reply.status, value(reply)["error"]["type"]) == (529, "overloaded_error")


LIMITED = "rate_limit: {requests: 2, input_tokens: 1k, output_tokens: 100, window: 1min}"


def test_rate_limits_count_down_truly_and_say_when_to_come_back(defined):
    service = defined(LIMITED)

    async def agent(client):
        found = []
        for _ in range(3):
            raw = await client.messages.with_raw_response.create(
                model=MODEL, max_tokens=9, messages=[user("cached")]
            )
            found.append(raw.headers)
        return found

    ran = played(service, agent)
    told = [
        (
            each["anthropic-ratelimit-requests-remaining"],
            each["anthropic-ratelimit-input-tokens-remaining"],
            each["anthropic-ratelimit-output-tokens-remaining"],
            each["anthropic-ratelimit-requests-reset"],
        )
        for each in ran.value
    ]
    # A request comes back every 30 s: the third is refused, told to wait, and made then.
    assert ran.statuses == [200, 200, 429, 200]
    assert ran.now == 30 * SECOND
    assert told[:2] == [
        ("1", "900", "91", "2026-01-05T09:00:30Z"),
        ("0", "800", "82", "2026-01-05T09:01:00Z"),
    ]
    assert told[2] == ("0", "900", "91", "2026-01-05T09:01:30Z")


def test_a_request_beyond_any_limit_is_not_asked_again(defined):
    async def agent(client):
        with pytest.raises(anthropic.RateLimitError, match="rate limit of 50 input tokens"):
            await client.messages.create(model=MODEL, max_tokens=9, messages=[user("cached")])

    ran = played(defined("rate_limit: {input_tokens: 50}"), agent)
    assert (ran.statuses, ran.now) == ([429], 0)


def test_without_a_limit_the_headers_are_of_this_request_alone(service):
    first, second = post(service, asking()), post(service, saying(user("cached")))
    assert header(first, "anthropic-ratelimit-requests-remaining") is None
    assert header(second, "anthropic-ratelimit-requests-remaining") == "3999"
    assert create(service, "cached").usage.input_tokens == 10


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
KINDS = ["text", "tool_use", "tool_result", "image", "document", "thinking", "smell"]
BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS) | JSON},
    optional={
        "text": JSON,
        "id": st.just("t1") | JSON,
        "tool_use_id": st.just("t1") | JSON,
        "name": JSON,
        "input": JSON,
        "content": JSON,
        "source": JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | JSON},
    optional={"content": JSON | st.lists(BLOCK | JSON, max_size=3) | st.just([CALL])},
)
OPTIONS = "tools tool_choice stream system thinking output_config stop_sequences temperature top_p"
BODIES = st.fixed_dictionaries(
    {
        "model": st.just(MODEL) | JSON,
        "max_tokens": st.just(9) | JSON,
        "messages": st.lists(MESSAGES | JSON, max_size=4) | JSON,
    },
    optional=dict.fromkeys(OPTIONS.split(), JSON),
)


@settings(deadline=None, max_examples=300)
@given(BODIES.map(json.dumps).map(str.encode) | st.binary(max_size=50))
def test_no_request_raises(template, body):
    service = template.fresh()
    asked = request("POST", "/v1/messages", body, headers=KEY)
    reply = handled(service, asked)
    assert reply.status in (200, 400, 404, 500)
    assert handled(service, asked) == reply
