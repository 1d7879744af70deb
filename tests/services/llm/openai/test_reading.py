from __future__ import annotations

import pytest

from evalkit.services.llm.asked import Call
from evalkit.services.llm.openai.errors import RefusedError
from evalkit.services.llm.openai.request import read_chat
from evalkit.services.llm.speed import Speed
from evalkit.wire import Caller, Request
from tests.services.asking import ask, load, value

KEY = {"authorization": "Bearer k"}


def _call(body: bytes, **headers: str) -> Call:
    request = Request(
        method="POST",
        path="/v1/chat/completions",
        host="a",
        headers=tuple(headers.items()),
        body=body,
    )
    return Call(request=request, place={}, seed="", latency_ns=0, speed=Speed(None), epoch_ns=0)


SCRIPT = """
rules:
  - when: {header: {x-agent: planner}}
    reply: {text: "Plan, {{ session.id }}."}
  - reply: {text: "Hello, {{ session.id }}."}
"""
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_a_body_that_was_read_before_is_answered_by_the_headers_it_comes_with(tmp_path) -> None:
    service = load(tmp_path, "service: openai", SCRIPT).fresh()
    said = [
        value(ask(service, "POST", "/v1/chat/completions", ASKED, headers={**KEY, "x-agent": name}))
        for name in ("planner", "writer", "planner")
    ]
    texts = [each["choices"][0]["message"]["content"] for each in said]
    assert texts == ["Plan, s-1.", "Hello, s-1.", "Plan, s-1."]


def test_the_same_request_is_answered_for_whom_it_is_made(tmp_path) -> None:
    script = 'rules: [{reply: {text: "{{ session.id }} {{ turn }} {{ session.vars.n }}"}}]'
    service = load(tmp_path, "service: openai", script).fresh()
    callers = [Caller(session=s, turn=t, vars={"n": n}) for s in "ab" for t in (1, 2) for n in "xy"]
    for _ in range(2):
        for caller in callers:
            reply = ask(service, "POST", "/v1/chat/completions", ASKED, headers=KEY, caller=caller)
            text = value(reply)["choices"][0]["message"]["content"]
            assert text == f"{caller.session} {caller.turn} {caller.vars['n']}"


def test_a_body_that_was_refused_is_refused_again_by_an_error_of_its_own() -> None:
    raised = []
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            read_chat(_call(b"{"))
        raised.append(caught.value)
    assert raised[0] is not raised[1]
