"""500 sessions of two model calls (200 ms) and a tool call (100 ms) through the openai SDK.

Wall time of whole commands, start-up, journal, stored files, and report included, in two cells, one
for each core; beside them the same agent on plain asyncio in front of a mock on loopback sockets
with the same delays, at several concurrencies; what importing the SDK takes alone; and what nothing
that drives this agent can go below: it and its clients with no network at all, the replies there at
once, in two processes that share the import.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import yaml

from evalkit.api import load_run
from tests.bench.measuring import Took, command

SESSIONS = 500
AT_A_TIME = (50, 100, 500)
AGENT = Path(__file__).with_name("fan_agent.py")
SUITE = {
    "suite": "fan",
    "agent": {
        "python": f"{AGENT}:agent",
        "env": {
            "OPENAI_BASE_URL": "{{ services.llm.url }}/v1",
            "OPENAI_API_KEY": "not-a-key",
            "SHOP_URL": "{{ services.shop.url }}",
        },
    },
    "services": {
        "llm": {"use": "llm.yaml", "script": "script.yaml"},
        "shop": {"use": "shop.yaml"},
    },
    "sessions": {"from": "sessions.jsonl", "concurrency": 50, "cell": SESSIONS // 2},
    "scenarios": {"plain": {}},
}
LLM = {"service": "openai", "latency": "200ms"}
SHOP = {
    "service": "rest",
    "latency": "100ms",
    "routes": {"GET /orders/{id}": {"reply": {"json": {"id": "{{ path.id }}"}}}},
}
CALL = {"calls": [{"name": "get_order", "arguments": {"id": "A-17"}}]}
SCRIPT = {
    "rules": [
        {"when": {"tool": "get_order"}, "reply": {"text": "It is on its way."}},
        {"when": {"last": "user"}, "reply": CALL},
    ]
}


def write(folder: Path) -> Path:
    """The suite."""
    (folder / "llm.yaml").write_text(yaml.safe_dump(LLM))
    (folder / "shop.yaml").write_text(yaml.safe_dump(SHOP))
    (folder / "script.yaml").write_text(yaml.safe_dump(SCRIPT))
    sessions = ({"id": f"s{n}", "turns": [{"input": "Where is it?"}]} for n in range(SESSIONS))
    (folder / "sessions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in sessions))
    path = folder / "fan.eval.yaml"
    path.write_text(yaml.safe_dump(SUITE, sort_keys=False))
    return path


def in_world(suite: Path, *words: str) -> tuple[Took, str]:
    """What `evalkit run` took, and the latencies that it found."""
    out = suite.parent / "runs"
    took = command("-m", "evalkit", "run", str(suite), "--out", str(out), *words)
    run = load_run(out=out)
    latencies = sorted({each / 1e6 for each in run.turns["latency_ns"]})
    return took, f"latency {', '.join(f'{each:g} ms' for each in latencies)}"


# The mock on sockets, as bare as one can be -----------------------------------------------

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
_TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_order", "arguments": '{"id": "A-17"}'},
}


def _completion(message: Mapping[str, object], reason: str) -> bytes:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    }
    return json.dumps(body).encode()


_ASKS = {"role": "assistant", "content": None, "tool_calls": [_TOOL_CALL]}
_FIRST = _completion(_ASKS, "tool_calls")
_SECOND = _completion({"role": "assistant", "content": "It is on its way."}, "stop")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            body = await reader.readexactly(int(length or 0))
            is_tool = head.startswith(b"get ")
            await asyncio.sleep(0.1 if is_tool else 0.2)
            reply = b'{"id": "A-17"}' if is_tool else _SECOND if b'"tool"' in body else _FIRST
            writer.write(_HEAD % (len(reply), reply))


async def _mock() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def mock() -> Iterator[str]:
    """The mock's address; it runs in a process of its own."""
    words = [sys.executable, "-m", __spec__.name, "mock"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def _plain(sessions: int, at_a_time: int) -> None:
    from tests.bench.fan_agent import answer

    gate = asyncio.Semaphore(at_a_time)
    took: list[float] = []

    async def session() -> None:
        async with gate:
            began = time.perf_counter()
            assert await answer("Where is it?") == "It is on its way."
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(session() for _ in range(sessions)))
    took.sort()
    p50, p99 = (took[min(int(len(took) * share), len(took) - 1)] * 1e3 for share in (0.5, 0.99))
    print(f"latency p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def on_sockets(address: str, sessions: int, at_a_time: int) -> tuple[Took, str]:
    """What the same agent took on plain asyncio, and the latencies that it found."""
    environment = {
        "OPENAI_BASE_URL": f"{address}/v1",
        "OPENAI_API_KEY": "not-a-key",
        "SHOP_URL": address,
    }
    words = ("-m", __spec__.name, "plain", str(sessions), str(at_a_time))
    took = command(*words, environment=environment)
    return took, took.printed


def _at_once(request: httpx2.Request) -> httpx2.Response:
    reply = b'{"id": "A-17"}' if request.method == "GET" else _FIRST
    reply = _SECOND if b'"tool"' in request.content else reply
    return httpx2.Response(200, content=reply, headers={"content-type": "application/json"})


def _alone(sessions: int) -> None:
    """The agent and its clients: half of the sessions in each of two processes."""
    import openai

    from tests.bench import fan_agent

    transport = httpx2.MockTransport(_at_once)
    client = httpx2.AsyncClient(transport=transport)
    fan_agent.llm = openai.AsyncOpenAI(http_client=client)
    fan_agent.tools = httpx2.AsyncClient(transport=transport, base_url="http://shop")

    async def half() -> None:
        for _ in range(sessions // 2):
            assert await fan_agent.answer("Where is it?") == "It is on its way."

    begin = multiprocessing.get_context("fork").Process
    processes = [begin(target=lambda: asyncio.run(half())) for _ in range(2)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
        assert each.exitcode == 0


def without_network(sessions: int) -> tuple[Took, str]:
    """What the agent and its clients take by themselves."""
    environment = {"OPENAI_API_KEY": "not-a-key", "SHOP_URL": "http://shop"}
    words = ("-m", __spec__.name, "alone", str(sessions))
    return command(*words, environment=environment), ""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, mock() as address:
        suite = write(Path(folder))
        in_world(suite, "--session", "s0")  # once for the caches of the file system
        rows = [
            (f"evalkit, {SESSIONS} sessions", in_world(suite)),
            ("evalkit, 1 session", in_world(suite, "--session", "s0")),
            *(
                (f"plain asyncio, {SESSIONS}, {n} at a time", on_sockets(address, SESSIONS, n))
                for n in AT_A_TIME
            ),
            ("plain asyncio, 1 session", on_sockets(address, 1, 1)),
            ("importing the SDK", (command("-c", "import openai"), "")),
            (f"the agent with no network, {SESSIONS}", without_network(SESSIONS)),
        ]
    for name, (took, told) in rows:
        print(f"{name:36} {took}   {told.strip()}")
    best = min(
        took.wall for name, (took, _) in rows if name.startswith(f"plain asyncio, {SESSIONS}")
    )
    print(f"evalkit takes {rows[0][1][0].wall / best:.2f} of what plain asyncio takes at its best")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mock"]:
            asyncio.run(_mock())
        case ["alone", sessions]:
            _alone(int(sessions))
        case ["plain", sessions, at_a_time]:
            asyncio.run(_plain(int(sessions), int(at_a_time)))
        case _:
            main()
