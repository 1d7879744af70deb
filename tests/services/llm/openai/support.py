"""A service with a script, and a transport that lets the real SDK ask it."""

from __future__ import annotations

from typing import Any

import httpx2

from evalkit.keyed import Draw
from evalkit.services import Service
from evalkit.wire import Caller, Head, Reply, Request, Send
from tests.services.asking import ANN
from tests.services.llm.saying import script_of

DEFINITION = """
service: openai
hosts: [https://api.openai.com]
latency: 300ms
tokens_per_second: 100
models: [gpt-4o, org/own]
"""

SCRIPT = script_of(
    *("answers", "looks", "refuses"),
    """\
  - when: {last: user, text: as json}
    reply: {json: {label: refund, score: 0.5}}
""",
    "breaks",
    """\
  - when: {last: user, text: ünicode}
    reply: {text: "Grüße, 日本語 🎉 \\"quoted\\"\\n"}
  - when: {last: user, system: polite}
    reply: {text: "Good day, {{ session.vars.name }}."}
""",
)

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_order",
            "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
        },
    }
]
POLITE = {"role": "system", "content": "Be polite."}


class Bridge(httpx2.AsyncBaseTransport):
    """Hands requests to a service and its replies to the client, without the waits."""

    def __init__(self, service: Service, caller: Caller | None = ANN) -> None:
        self._service = service
        self._caller = caller
        self.requests: list[Request] = []
        self.replies: list[Reply] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = Request(
            method=request.method,
            path=request.url.path,
            host=request.url.host,
            headers=tuple((name.lower(), value) for name, value in request.headers.items()),
            body=await request.aread(),
            caller=self._caller,
            draw=Draw("test", len(self.requests)),
        )
        reply = await self._service.handle(asked)
        self.requests.append(asked)
        self.replies.append(reply)
        return httpx2.Response(reply.status, headers=list(reply.headers), stream=_Played(reply))


class _Played(httpx2.AsyncByteStream):
    """The bytes of a plan, one step after the other."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __aiter__(self):
        begun = False
        for step in self._reply.plan:
            begun = begun or isinstance(step, Head)
            if isinstance(step, Send):
                assert begun, "bytes of the body go out before the head"
                yield step.data
