"""The server over lines, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from evalkit.services.mcp.server import McpServer
from evalkit.services.mcp.stdio import StdioServer, Surroundings
from evalkit.wire import Caller
from tests.services.mcp.support import MODERN, definition, message
from tests.world.endpoints import run

INITIALIZE = message("initialize", 0, protocolVersion="2025-11-25")
INITIALIZED = message("notifications/initialized", None)


def spoken(*lines: Any, **changed: Any) -> list[tuple[int, Any]]:
    """What is written to these lines, and at which second. A number waits so many seconds."""
    written: list[tuple[int, Any]] = []

    async def given() -> AsyncIterator[bytes]:
        for line in lines:
            if isinstance(line, int):
                await asyncio.sleep(line)
            else:
                yield line if isinstance(line, bytes) else json.dumps(line).encode()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        def now() -> int:
            return round((loop.time() - began) * 1_000_000_000)

        around = Surroundings(
            write=lambda line: written.append((now() // 1_000_000_000, json.loads(line))),
            now=now,
            caller=Caller(session="s", turn=1, vars={"name": "Ann"}),
        )
        await StdioServer(McpServer("desk", definition(**changed)), around).serve(given())

    run(main())
    return written


def test_a_session_over_lines() -> None:
    call = message("tools/call", "x", name="get_order", arguments={"id": "A-1"})
    (_, initialized), (_, pinged), (_, answered) = spoken(
        INITIALIZE, INITIALIZED, message("ping"), call
    )
    assert initialized["result"]["protocolVersion"] == "2025-11-25"
    assert pinged == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert (answered["id"], answered["result"]["structuredContent"]) == ("x", {"status": "Ann"})


def test_answers_come_when_they_are_due_and_all_come() -> None:
    tools = {"slow": {"latency": "9s", "progress": 3}, "fast": {"latency": "1s"}}
    slow = message("tools/call", 1, name="slow", _meta={"progressToken": "t"})
    fast = message("tools/call", 2, name="fast")
    written = spoken(INITIALIZE, slow, fast, tools=tools)
    seen = [(at, each.get("id", "progress")) for at, each in written]
    assert seen == [(0, 0), (1, 2), (3, "progress"), (6, "progress"), (9, "progress"), (9, 1)]


def test_a_cancelled_request_is_not_answered() -> None:
    slow = message("tools/call", 1, name="slow")
    cancelled = message("notifications/cancelled", None, requestId=1)
    unknown = message("notifications/cancelled", None, requestId=[])
    written = spoken(INITIALIZE, slow, 1, unknown, cancelled, tools={"slow": {"latency": "9s"}})
    assert [each["id"] for _, each in written] == [0]


def test_changes_are_told_after_initialization() -> None:
    changes = [{"after": "5s", "remove": ["list_all"]}]
    told = spoken(INITIALIZE, INITIALIZED, 9, message("ping"), changes=changes)[1:]
    assert [(at, each.get("method")) for at, each in told] == [
        (5, "notifications/tools/list_changed"),
        (9, None),
    ]
    assert len(spoken(INITIALIZE, 9, message("ping"), changes=changes)) == 2


def test_requests_of_clients_without_a_session() -> None:
    listen = message(
        "subscriptions/listen", 1, notifications={"toolsListChanged": True}, _meta=MODERN
    )
    discover = message("server/discover", 2, _meta=MODERN)
    changes = [{"after": "5s", "remove": ["list_all"]}]
    written = spoken(listen, 1, discover, 9, changes=changes)
    assert [(at, each.get("method", each.get("id"))) for at, each in written] == [
        (0, "notifications/subscriptions/acknowledged"),
        (1, 2),
        (5, "notifications/tools/list_changed"),
    ]


@pytest.mark.parametrize(
    ("line", "id", "code"),
    [
        (b"{", None, -32700),
        (b"\xff", None, -32700),
        (b"[]", None, -32600),
        (message("tools/list"), 1, -32600),
        (message("tools/list", _meta={**MODERN, next(iter(MODERN)): "2030-01-01"}), 1, -32022),
        (message("tools/list", _meta={next(iter(MODERN)): "2026-07-28"}), 1, -32602),
        (message("nothing"), 1, -32600),
    ],
)
def test_what_is_refused(line: Any, id: Any, code: int) -> None:  # noqa: A002
    ((_, written),) = spoken(line)
    assert (written["id"], written["error"]["code"]) == (id, code)


def test_an_id_that_is_under_way_is_refused() -> None:
    slow = message("tools/call", 1, name="slow")
    written = spoken(INITIALIZE, slow, slow, tools={"slow": {"latency": "9s"}})
    assert [("error" in each, at) for at, each in written] == [(False, 0), (True, 0), (False, 9)]


def test_empty_lines_and_responses_say_nothing() -> None:
    assert spoken(b"", b"  ", {"jsonrpc": "2.0", "id": 1, "result": {}}) == []
