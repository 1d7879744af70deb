"""Rate limits, keys, models, contexts, and the shapes of Azure and of gateways."""

import openai
import pytest

from tests.services.asking import ask, handled, header, request, value
from tests.services.llm.openai.world import HOST, MODEL, SAID, played, user
from tests.services.llm.worlds import MS, SECOND

KEY = {"Authorization": "Bearer k"}
HELLO = {"model": MODEL, "messages": [user("hello")]}


def post(service, body=HELLO, headers=KEY, path="/v1/chat/completions", **more):
    return ask(service, "POST", path, body, headers=headers, **more)


def error(reply):
    return value(reply)["error"]


def limits(headers):
    return [headers.get(f"x-ratelimit-{what}-requests") for what in ("limit", "remaining", "reset")]


def test_the_headers_count_down_truly_and_the_client_comes_back_in_time(defined):
    service = defined("rate_limit: {requests: 3, window: 1min}")

    async def agent(client):
        raws = [await client.chat.completions.with_raw_response.create(**HELLO) for _ in range(4)]
        return [limits(each.headers) for each in raws]

    ran = played(service, agent)
    assert ran.statuses == [200, 200, 200, 429, 200]
    assert ran.value == [
        ["3", "2", "20s"],
        ["3", "1", "40s"],
        ["3", "0", "1m0s"],
        ["3", "0", "1m0s"],
    ]
    assert ran.now == 20 * SECOND


def test_what_is_left_comes_back_evenly_and_exactly(defined):
    service = defined("rate_limit: {tokens: 10k, window: 10s}")
    used = post(service).usage
    total = used.input + used.output
    wait = total * 10 * SECOND // 10_000

    def remaining(at):
        return int(header(post(service, at=at), "x-ratelimit-remaining-tokens"))

    assert remaining(wait - 1) == 10_000 - total - 1
    assert remaining(3600 * SECOND) == 10_000 - total


def test_a_used_up_limit_of_tokens_says_when_there_are_enough(defined):
    cached = {"model": MODEL, "messages": [user("cached")]}  # 109 tokens
    service = defined("rate_limit: {tokens: 200, window: 1min}")
    assert post(service, cached).status == 200
    reply = post(service, cached)
    assert (reply.status, error(reply)["type"]) == (429, "tokens")
    assert error(reply)["code"] == "rate_limit_exceeded"
    assert (
        "(TPM): Limit 200, Used 109, Requested 109. Please try again in 5.4s"
        in error(reply)["message"]
    )
    assert (header(reply, "retry-after"), header(reply, "retry-after-ms")) == ("6", "5400")
    assert header(reply, "x-ratelimit-remaining-tokens") == "91"
    assert post(service, cached, at=5_400 * MS - 1).status == 429
    assert post(service, cached, at=5_400 * MS).status == 200


def test_each_key_may_have_limits_of_its_own(defined):
    service = defined("rate_limit: {requests: 1, tokens: 200, window: 1min, each: client}")
    ours, theirs = ({"Authorization": f"Bearer {key}"} for key in ("ours", "theirs"))
    assert [post(service, headers=each).status for each in (ours, theirs, ours)] == [200, 200, 429]
    refused = post(service, headers=theirs, at=20 * SECOND)
    assert (refused.status, header(refused, "retry-after")) == (429, "40")
    assert header(refused, "x-ratelimit-remaining-requests") == "0"
    other = post(service, headers={"Authorization": "Bearer others"}, at=20 * SECOND)
    assert (other.status, header(other, "x-ratelimit-remaining-requests")) == (200, "0")


def test_what_can_never_fit_is_not_asked_again(defined):
    async def agent(client):
        with pytest.raises(openai.RateLimitError, match="Request too large for gpt-4o"):
            await client.chat.completions.create(**HELLO)

    assert played(defined("rate_limit: {tokens: 5}"), agent).statuses == [429]


def test_a_request_that_a_fault_answers_uses_nothing_up(defined):
    service = defined("rate_limit: {requests: 1}")
    asked = request("POST", "/v1/chat/completions", HELLO, headers=KEY)
    # Handled, but never taken on: a fault put its own reply in the place of this one.
    assert [handled(service, asked, commit=False).status for _ in range(3)] == [200] * 3
    assert [post(service).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("definition", "body", "headers", "status", "code", "message"),
    [
        ("models: [gpt-4o-mini]", HELLO, KEY, 404, "model_not_found", "`gpt-4o`"),
        ("require_key: sk-right-key-0123", HELLO, KEY, 401, "invalid_api_key", "provided: *."),
        ("context: 8", HELLO, KEY, 400, "context_length_exceeded", "resulted in 9 tokens"),
        (
            "context: 20",
            {**HELLO, "max_tokens": 19},
            KEY,
            400,
            "context_length_exceeded",
            "(9 in the messages, 19 in the completion)",
        ),
        (
            "context: 20",
            {**HELLO, "max_tokens": 11},
            KEY,
            200,
            None,
            None,
        ),
        ("context: 128k", HELLO, KEY, 200, None, None),
        ("require_key: false", HELLO, {}, 200, None, None),
        ("require_key: k", HELLO, KEY, 200, None, None),
    ],
)
def test_what_a_definition_refuses(defined, definition, body, headers, status, code, message):
    reply = post(defined(definition), body, headers)
    assert reply.status == status
    if code:
        assert error(reply)["code"] == code
        assert message.strip("`") in error(reply)["message"]


def azure(**settings):
    return openai.AsyncAzureOpenAI(
        azure_endpoint=f"https://{HOST}", api_version="2025-04-01-preview", **settings
    )


def test_azure_answers_under_a_deployment(wide):
    async def agent(client):
        whole = await client.chat.completions.create(**{**HELLO, "model": "my-deployment"})
        stream = await client.chat.completions.create(
            **{**HELLO, "model": "my-deployment"}, stream=True
        )
        return whole, [chunk async for chunk in stream]

    ran = played(wide, agent, make=lambda **settings: azure(api_key=settings["api_key"]))
    whole, chunks = ran.value
    assert (whole.model, whole.choices[0].message.content) == ("my-deployment", SAID)
    assert ran.begun[0].path.startswith("/openai/deployments/my-deployment/chat/completions")
    # The first chunk has no choice, which careless readers of chunks fall over.
    assert chunks[0].choices == []
    assert "".join(c.choices[0].delta.content or "" for c in chunks[1:]) == SAID


@pytest.mark.parametrize(
    ("path", "headers", "definition", "status", "code"),
    [
        ("chat/completions", {"api-key": "k"}, "", 404, "404"),
        ("chat/completions?api-version=1", {}, "", 401, "401"),
        (
            "chat/completions?api-version=1",
            {"api-key": "k"},
            "models: [x]",
            404,
            "DeploymentNotFound",
        ),
    ],
)
def test_azure_refuses_in_its_own_words(defined, path, headers, definition, status, code):
    reply = post(defined(definition), headers=headers, path=f"/openai/deployments/d/{path}")
    assert (reply.status, set(error(reply))) == (status, {"code", "message"})
    assert error(reply)["code"] == code


@pytest.mark.parametrize("base", ["/api/v1", "/openai/v1", "/v1beta/openai", "/inference/v1", ""])
def test_gateways_mount_it_elsewhere(wide, base):
    async def agent(client):
        reply = await client.chat.completions.create(**HELLO)
        return reply.choices[0].message.content

    assert played(wide, agent, base_url=f"https://{HOST}{base}").value == SAID
