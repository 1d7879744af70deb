from __future__ import annotations

import pytest

from evalkit.services.llm.asked import Call
from evalkit.services.llm.openai.errors import RefusedError
from evalkit.services.llm.openai.request import read_chat
from evalkit.services.llm.speed import Speed
from evalkit.wire import Request


def _call(body: bytes, **headers: str) -> Call:
    request = Request(
        method="POST",
        path="/v1/chat/completions",
        host="a",
        headers=tuple(headers.items()),
        body=body,
    )
    return Call(request=request, place={}, seed="", latency_ns=0, speed=Speed(None), epoch_ns=0)


def test_a_body_that_was_read_before_keeps_no_headers() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    first, second = (read_chat(_call(body, tenant=name)).conversation for name in ("a", "b"))
    assert (first.header("tenant"), second.header("tenant")) == ("a", "b")
    assert (first.user, first.model) == (second.user, second.model) == ("hi", "m")


def test_a_body_that_was_refused_is_refused_again_by_an_error_of_its_own() -> None:
    raised = []
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            read_chat(_call(b"{"))
        raised.append(caught.value)
    assert raised[0] is not raised[1]
