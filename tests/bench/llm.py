"""CPU of a mock model alone: completions and streamed tokens a second, beside a bare HTTP echo.

The service is asked where the network would ask it, and its plan is walked through. The echo parses
the same request with httptools and writes a fixed reply of the same size, and nothing else.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httptools

from evalkit.keyed import Draw
from evalkit.services import Service, load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller, Reply, Request, Send

ROUNDS, SECONDS, WORDS = 5, 0.4, 200
SAID = "word " * WORDS
SCRIPT = f"rules: [{{when: {{last: user, text: hello}}, reply: {{text: '{SAID.strip()}'}}}}]"
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello there"}]
HEADERS = (
    ("authorization", "Bearer k"),
    ("x-api-key", "k"),
    ("x-goog-api-key", "k"),
    ("anthropic-version", "2023-06-01"),
    ("content-type", "application/json"),
)
CALLER = Caller(session="s", turn=1)
APIS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "chat completions": ("openai", "/v1/chat/completions", {"model": "m", "messages": ASKED}),
    "responses": ("openai", "/v1/responses", {"model": "m", "input": ASKED}),
    "anthropic messages": (
        "anthropic",
        "/v1/messages",
        {"model": "m", "max_tokens": 4096, "messages": ASKED[1:]},
    ),
    "gemini content": (
        "gemini",
        "/v1beta/models/m:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]},
    ),
}


class Echo:
    """What a server cannot do without: parse the request, write a reply."""

    def __init__(self, path: str, body: bytes, reply: bytes) -> None:
        lines = [f"POST {path} HTTP/1.1", "host: llm.test", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in HEADERS]
        self._data = "\r\n".join((*lines, "", "")).encode() + body
        self._reply = reply

    def on_body(self, body: bytes) -> None:
        self.body = body

    def __call__(self) -> int:
        httptools.HttpRequestParser(self).feed_data(self._data)
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(self._reply)
        return len(head + self._reply)


def per_second(work: Callable[[], object]) -> float:
    """How often it can be done in a second of CPU."""
    began, done = time.process_time(), 0
    while time.process_time() - began < SECONDS:
        for _ in range(20):
            work()
        done += 20
    return done / (time.process_time() - began)


def asking(service: Service, path: str, body: bytes, query: tuple[Any, ...]) -> Callable[[], Reply]:
    """Asks the service once."""
    numbers = iter(range(10**9))

    def ask() -> Reply:
        request = Request(
            method="POST",
            path=path,
            host="llm.test",
            query=query,
            headers=HEADERS,
            body=body,
            caller=CALLER,
            draw=Draw(next(numbers)),
        )
        coroutine = service.handle(request)
        try:
            coroutine.send(None)
        except StopIteration as done:
            reply: Reply = done.value
        assert reply.status == 200, reply.body()
        assert sum(len(step.data) for step in reply.plan if isinstance(step, Send))
        return reply

    return ask


def measure(name: str, folder: Path) -> None:
    """One API: whole replies and streams, beside the echo, in turns."""
    kind, path, body = APIS[name]
    (folder / "service.yaml").write_text(f"service: {kind}\nlatency: 300ms\ntokens_per_second: 80")
    use = ServiceUse(use="service.yaml", script="script.yaml")
    service = load_service("llm", use, folder).fresh()
    streaming = {"stream": True} if kind != "gemini" else {}
    stream_path = path.replace(":generate", ":streamGenerate")
    whole = asking(service, path, json.dumps(body).encode(), ())
    query = (("alt", "sse"),) if kind == "gemini" else ()
    stream = asking(service, stream_path, json.dumps({**body, **streaming}).encode(), query)
    usage = whole().usage
    assert usage is not None
    echo = Echo(path, json.dumps(body).encode(), whole().body())
    rounds = [(per_second(whole), per_second(stream), per_second(echo)) for _ in range(ROUNDS)]
    wholes, streams, echoes = map(max, zip(*rounds, strict=True))
    print(
        f"{name:20} {wholes:9,.0f} completions/s ({wholes / echoes:5.1%} of the echo)   "
        f"{streams * usage.output:11,.0f} streamed tokens/s   echo {echoes:9,.0f}/s"
    )


def main() -> None:
    print(f"per second of CPU, replies of {WORDS} words, the best of {ROUNDS} rounds in turns")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "script.yaml").write_text(SCRIPT)
        for name in APIS:
            measure(name, Path(folder))


if __name__ == "__main__":
    main()
