import pytest

from evalkit.errors import SuiteError
from tests.services.asking import ask, header, load, value, waits

SECOND, MS = 1_000_000_000, 1_000_000

REST = """
service: rest
latency: 10ms
routes:
  GET /a: {reply: {json: {}}}
  POST /b: {reply: {json: {}}}
"""


@pytest.fixture
def limited(tmp_path):
    def make(limits):
        return load(tmp_path, REST + limits).fresh()

    return make


def told(reply):
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
    return [reply.status, *(header(reply, name) for name in names)]


def get(service, at=0, **more):
    return ask(service, "GET", "/a", at=at, **more)


def test_a_window_counts_down_and_opens_when_it_says(limited):
    service = limited("quota: {requests: 2, per: 1min}")
    assert told(get(service, 10 * SECOND)) == [200, "2", "1", "50", None]
    assert told(get(service, 15 * SECOND + 1)) == [200, "2", "0", "45", None]
    refused = get(service, 20 * SECOND + 1)
    assert told(refused) == [429, "2", "0", "40", "40"]
    assert value(refused) == {"error": "Too Many Requests"}
    assert (refused.route, refused.complaint, waits(refused)) == ("GET /a", None, [])
    assert told(get(service, 60 * SECOND + 1)) == [200, "2", "1", "60", None]


def test_a_bucket_refills(limited):
    service = limited("quota: {burst: 2, refill: 1/s}")
    assert [get(service).status for _ in range(3)] == [200, 200, 429]
    assert told(get(service, 100 * MS)) == [429, "2", "0", "2", "1"]
    assert told(get(service, SECOND)) == [200, "2", "0", "2", None]


def test_a_concurrency_limit_counts_until_the_reply_is_due(limited):
    service = limited("quota: {concurrent: 2, status: 503}")
    assert [get(service).status for _ in range(3)] == [200, 200, 503]
    assert get(service, 10 * MS - 1).status == 503
    assert told(get(service, 10 * MS)) == [200, None, None, None, None]


def test_of_several_limits_the_tightest_is_told_and_the_longest_wait(limited):
    service = limited("quota: [{burst: 2, refill: 1/s}, {requests: 3, per: 1min}]")
    assert told(get(service))[1:4] == ["2", "1", "1"]
    assert [get(service, at * SECOND).status for at in (5, 6)] == [200, 200]
    assert told(get(service, 7 * SECOND)) == [429, "3", "0", "53", "53"]


BY = {"authorization": "Bearer {}", "x-api-key": "{}"}


@pytest.mark.parametrize("name", BY)
def test_each_client_may_have_a_limit_of_its_own(limited, name):
    service = limited("quota: {requests: 2, per: 1min, each: client}")

    def by(client, at=0):
        return get(service, at, headers={name: BY[name].format(client)} if client else None)

    assert [by(each).status for each in ("a", "a", "b", None, None)] == [200] * 5
    assert told(by("a", 20 * SECOND)) == [429, "2", "0", "40", "40"]
    assert told(by("b", 20 * SECOND)) == [200, "2", "0", "40", None]
    assert [by(each).status for each in ("b", None, "c")] == [429, 429, 200]


MODEL = "service: openai\nquota: {tokens: 10, per: 1min, each: client}"
SCRIPT = "rules: [{reply: {text: Hello., usage: {input: 6, output: 2}}}]"


def test_tokens_are_counted_once_they_are_used(tmp_path):
    service = load(tmp_path, MODEL, SCRIPT).fresh()

    def chat(key, at):
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        headers = {"authorization": f"Bearer {key}"}
        return ask(service, "POST", "/v1/chat/completions", asked, headers=headers, at=at * SECOND)

    assert [chat("a", at).status for at in (0, 1, 2, 59)] == [200, 200, 429, 429]
    refused = chat("a", 45)
    assert header(refused, "retry-after") == "15"
    assert value(refused)["error"]["code"] == "rate_limit_exceeded"
    assert [chat(*each).status for each in (("b", 45), ("a", 60))] == [200, 200]


def test_a_quota_may_be_for_some_operations(limited):
    service = limited("quota: {requests: 1, per: 1min, at: POST *}")
    assert [told(get(service))[:2] for _ in range(2)] == [[200, None]] * 2
    assert [ask(service, "POST", "/b").status for _ in range(2)] == [200, 429]
    assert get(service).status == 200


def test_requests_queue_before_the_servers(limited):
    service = limited("capacity: {servers: 2, service: 50ms}")
    assert [sum(waits(get(service))) // MS for _ in range(5)] == [60, 60, 110, 110, 160]
    assert sum(waits(get(service, SECOND))) // MS == 60


def test_without_a_time_of_service_the_latency_is_it(limited):
    service = limited("capacity: {servers: 1}")
    assert [sum(waits(get(service))) // MS for _ in range(3)] == [10, 20, 30]


def test_beyond_the_queue_a_request_is_refused_and_holds_no_server(limited):
    service = limited("capacity: {servers: 1, service: 2s, queue: 1}")
    assert [get(service).status for _ in range(4)] == [200, 200, 503, 503]
    refused = get(service, SECOND // 2)
    assert (refused.status, header(refused, "retry-after")) == (503, "2")
    assert sum(waits(get(service, 2 * SECOND))) == 4 * SECOND + 10 * MS


def test_a_request_that_queues_is_under_way_until_it_is_answered(tmp_path):
    effect = "effect: {name: e, idempotency: Key}"
    text = f"capacity: {{servers: 1, service: 1s}}\nroutes: {{POST /b: {{{effect}, reply: {{}}}}}}"
    service = load(tmp_path, f"service: rest\n{text}").fresh()
    keys = [("a", 0), ("b", 0), ("b", 2 * SECOND - 1), ("b", 2 * SECOND)]
    found = [ask(service, "POST", "/b", {}, headers={"Key": key}, at=at).status for key, at in keys]
    assert found == [200, 200, 409, 200]


def test_the_time_of_service_is_drawn_by_call(limited):
    service = limited("capacity: {servers: 100, service: {median: 50ms, p99: 500ms}}")
    first, second, again = (waits(get(service, draw=draw)) for draw in "aba")
    assert first == again != second


def test_a_refusal_commits_nothing(tmp_path):
    routes = "stores: {o: {}}\nroutes: {POST /o: {create: o}}"
    service = load(tmp_path, f"service: rest\nquota: {{requests: 1, per: 1h}}\n{routes}").fresh()
    assert [len(ask(service, "POST", "/o", {}, draw=draw).effects) for draw in "ab"] == [1, 0]


@pytest.mark.parametrize(
    ("definition", "script"),
    [
        ("service: openai\nhosts: [https://a.example]\ncapacity: {servers: 1}", "follow: plan"),
        ("service: mcp\ncapacity: {servers: 1}\ntools: {t: {reply: {text: ok}}}", None),
    ],
)
def test_any_kind_of_service_has_limits(tmp_path, definition, script):
    template = load(tmp_path, definition, script)
    assert template.info.shared
    assert template.fresh().kind in definition


def test_what_shares_a_limit_shares_a_world(tmp_path):
    assert not load(tmp_path, REST).info.shared
    assert load(tmp_path, REST + "quota: {concurrent: 1}").info.shared


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("quota: {}", "a quota has `requests` and `per`, or"),
        ("quota: {requests: 5}", "a quota has `requests` and `per`, or"),
        ("quota: {requests: 5, per: 1min, concurrent: 2}", "a quota has"),
        ("quota: {burst: 5, per: 1min}", "a quota has"),
        ("quota: {requests: 5, tokens: 5, per: 1min}", "a quota has"),
        ("quota: {tokens: 5}", "a quota has"),
        ("quota: {tokens: 5, per: 1min}", "`tokens` are those of a model"),
        ("quota: {requests: 5, per: 1min, each: session}", "client"),
        ("quota: {requests: 0, per: 1min}", "quota"),
        ("quota: {requests: 1, per: 0s}", "above zero"),
        ("quota: {burst: 1, refill: 0/s}", "above zero"),
        ("quota: {concurrent: 1, status: 200}", "not allowed"),
        ("capacity: {service: 5ms}", "servers"),
        ("capacity: {servers: 0}", "servers"),
        ("capacity: {servers: 1, queue: -1}", "queue"),
        ("capacty: {servers: 1}", "capacity"),
    ],
)
def test_mistakes_are_found_before_anything_runs(limited, limits, message):
    with pytest.raises(SuiteError) as caught:
        limited(limits)
    assert message in str(caught.value)
