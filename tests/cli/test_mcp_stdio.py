"""`evalkit mcp-stdio` as a process of its own, as agents start it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

MOCK = Path(__file__).parents[2] / "mocks/helpdesk-mcp.yaml"
COMMAND = [sys.executable, "-m", "evalkit", "mcp-stdio"]
VARS = ["--var", "order_id=A-1", "--var", 'order_status="shipped"', "--var", "customer_id=c-1"]
SECONDS = 60


def requests(*given: dict[str, Any]) -> bytes:
    """Lines of requests, after those that open a session."""
    opening = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}
    lines = [opening, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *given]
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def call(id: int, tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: A002
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}


def test_it_answers_all_and_ends_with_its_input() -> None:
    given = requests(call(1, "get_order", order_id="A-1"), call(2, "create_tickets"))
    ran = subprocess.run(
        [*COMMAND, str(MOCK), *VARS], input=given, capture_output=True, timeout=SECONDS, check=False
    )
    answers = {each["id"]: each for each in map(json.loads, ran.stdout.splitlines())}
    assert ran.returncode == 0
    assert set(answers) == {0, 1, 2}
    order = answers[1]["result"]["structuredContent"]
    assert order == {"order_id": "A-1", "status": "shipped"}
    assert answers[2]["error"]["message"] == "Unknown tool: create_tickets"
    assert ran.stderr.decode().count("did you mean `create_ticket`?") == 1


def test_it_tells_effects_when_it_is_to() -> None:
    given = requests(call(1, "create_ticket", order_id="A-1", subject="late"))
    ran = subprocess.run(
        [*COMMAND, str(MOCK), *VARS, "-v"],
        input=given,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert b"tools/call create_ticket committed ticket ['A-1', 'late']" in ran.stderr


@contextmanager
def piped() -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes], IO[bytes]]]:
    """The mock in a process of its own, with what it is given, what it says, and its errors."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*COMMAND, str(MOCK)], **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        yield process, process.stdin, process.stdout, process.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(sent: signal.Signals) -> None:
    with piped() as (process, given, said, noted):
        given.write(requests())
        given.flush()
        assert json.loads(said.readline())["id"] == 0
        process.send_signal(sent)
        assert process.wait(SECONDS) == 0
        assert (said.read(), noted.read()) == (b"", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are told of differently")
def test_it_ends_when_nobody_reads() -> None:
    with piped() as (process, given, said, noted):
        said.close()
        given.write(requests())
        given.flush()
        assert process.wait(SECONDS) == 0
        assert noted.read() == b""


def test_a_wrong_definition_is_told_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "rest.yaml").write_text("service: rest\nroutes: {GET /a: {reply: {}}}\n")
    ran = subprocess.run(
        [*COMMAND, str(tmp_path / "rest.yaml")], capture_output=True, timeout=SECONDS, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"allowed: mcp" in ran.stderr


def test_a_variable_is_written_with_its_value() -> None:
    ran = subprocess.run(
        [*COMMAND, str(MOCK), "--var", "x"], capture_output=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 2
    assert b"'x' is not written NAME=VALUE" in ran.stderr


def test_the_official_client_talks_to_it() -> None:
    pytest.importorskip("mcp")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    args = [*COMMAND[1:], str(MOCK), *VARS]
    parameters = StdioServerParameters(command=COMMAND[0], args=args)

    async def talk() -> list[Any]:
        async with (
            asyncio.timeout(SECONDS),
            stdio_client(parameters) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            listed = await session.list_tools()
            answered = await session.call_tool("get_order", {"order_id": "A-1"})
            return [listed, answered]

    listed, answered = (
        each.model_dump(by_alias=True, mode="json", exclude_none=True)
        for each in asyncio.run(talk())
    )
    assert [tool["name"] for tool in listed["tools"]] == ["get_order", "create_ticket"]
    assert answered["structuredContent"] == {"order_id": "A-1", "status": "shipped"}
