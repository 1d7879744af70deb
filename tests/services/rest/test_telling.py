"""The webhooks that follow from calls, as the reply of a service tells of them."""

from __future__ import annotations

import json

import pytest

from evalkit.errors import SuiteError
from evalkit.services import Service
from tests.services.asking import ask, handled, load, request

S = 1_000_000_000
DEFINITION = """
service: rest
latency: 1s
jobs:
  reports: {takes: 10s, result: ok}
  broken: {takes: 10s, fails: 100%}
queues:
  reviews: {picks_up: 1min, answer: {ok: true}}
  unread: {picks_up: 1min, never: 100%, answer: {ok: true}}
routes:
  POST /charges:
    effect: {name: charge, key: body.order, idempotency: Idempotency-Key}
    reply: {status: 201, json: {id: ch_1}}
    webhook:
      - name: charge.pending
        to: "{{ agent.url }}/hooks"
        json: {id: "{{ webhook.id }}", charge: "{{ reply.id }}", order: "{{ body.order }}"}
      - name: charge.succeeded
        if: body.order != 'free'
        to: "{{ agent.url }}/hooks"
        after: {uniform: [5s, 9s]}
        headers: {X-Topic: charge}
  POST /reports:
    start: reports
    webhook:
      - {to: "{{ body.url | default('') }}", json: "{{ job.status }}"}
      - {name: early, to: "{{ agent.url }}", after: 4s, json: "{{ job.status }}"}
  POST /broken:
    start: broken
    webhook: {to: "{{ agent.url }}", json: {error: "{{ job.error.code }}"}}
  POST /reviews:
    put: reviews
    webhook: {to: "{{ agent.url }}", json: "{{ task.answer }}"}
  POST /unread:
    put: unread
    webhook: {to: "{{ agent.url }}", json: "{{ task.answer }}"}
  POST /refused:
    reply: {status: 409}
    webhook: {to: "{{ agent.url }}"}
"""


@pytest.fixture
def mock(tmp_path) -> Service:
    return load(tmp_path, DEFINITION).fresh()


def told(reply) -> list[tuple[str, float]]:
    return [(each.name, each.after / S) for each in reply.callbacks]


def test_a_webhook_follows_the_reply(mock):
    first, second = ask(mock, "POST", "/charges", {"order": "o1"}).callbacks
    assert (first.name, first.after) == ("charge.pending", S)
    assert json.loads(first.body) == {"id": first.id, "charge": "ch_1", "order": "o1"}
    assert first.url == "http://agent.evalkit.test/hooks"
    assert first.headers == (("content-type", "application/json"),)
    assert 6 * S <= second.after <= 10 * S
    assert (second.headers, second.body) == ((("x-topic", "charge"),), b"")
    assert first.id != second.id


def test_what_is_drawn_for_a_webhook_goes_by_the_call(tmp_path):
    made = [
        [
            handled(mock, request("POST", "/charges", {"order": "o"}, draw=draw)).callbacks[1]
            for draw in draws
        ]
        for draws in (("a", "b"), ("b", "a"))
        for mock in [load(tmp_path, DEFINITION).fresh()]
    ]
    assert made[0] == made[1][::-1]
    assert made[0][0] != made[0][1]


def test_a_condition_or_an_empty_url_sends_nothing(mock):
    assert told(ask(mock, "POST", "/charges", {"order": "free"})) == [("charge.pending", 1)]
    assert told(ask(mock, "POST", "/reports", {})) == [("early", 5)]


@pytest.mark.parametrize(
    ("path", "after", "body"),
    [
        ("/reports", 11, "done"),
        ("/broken", 11, {"error": "job_failed"}),
        ("/reviews", 61, {"ok": True}),
    ],
)
def test_the_end_of_work_is_told_when_it_comes(mock, path, after, body):
    callback = ask(mock, "POST", path, {"url": "http://agent.evalkit.test/x"}).callbacks[0]
    assert callback.after == after * S
    assert json.loads(callback.body) == body


def test_a_time_of_its_own_tells_of_the_work_as_it_is_then(mock):
    (early,) = ask(mock, "POST", "/reports", {}).callbacks
    assert json.loads(early.body) == "running"


@pytest.mark.parametrize("path", ["/unread", "/refused"])
def test_what_never_ends_or_is_refused_tells_nothing(mock, path):
    assert ask(mock, "POST", path, {}).callbacks == ()


def test_a_replayed_reply_tells_nothing_again(mock):
    keyed = {"headers": {"Idempotency-Key": "k"}}
    assert len(ask(mock, "POST", "/charges", {"order": "a"}, **keyed).callbacks) == 2
    assert ask(mock, "POST", "/charges", {"order": "a"}, at=9 * S, **keyed).callbacks == ()


@pytest.mark.parametrize(
    ("webhook", "message"),
    [
        ("{to: '{{ nope }}'}", "there is no variable `nope`"),
        ("{json: {}}", "to"),
        ("{to: x, retries: [0s]}", "more than 0s, and up to 24h"),
        ("{to: x, sign: {secret: a, style: standard, header: X}}", "fix the header"),
        ("{to: x, sign: {secret: a, algorithm: md5}}", "hmac-sha256"),
        ("{to: x, sign: {header: X}}", "secret"),
        ("[{to: x}, {to: y}]", "give each a `name`"),
    ],
)
def test_mistakes_are_told(tmp_path, webhook, message):
    definition = f"service: rest\nroutes:\n  POST /a: {{reply: {{}}, webhook: {webhook}}}\n"
    with pytest.raises(SuiteError) as error:
        load(tmp_path, definition)
    assert message in str(error.value)
