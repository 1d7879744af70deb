"""The MCP server over lines: one client, one JSON-RPC message a line, answers when they are due.

What is read and written, and the clock, are given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from evalkit.keyed import Draw
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.bodies import json_bytes
from evalkit.services.mcp.answers import Answer, Asked, Notice
from evalkit.services.mcp.envelope import check_envelope, has_envelope
from evalkit.services.mcp.rpc import (
    INVALID_REQUEST,
    UNSUPPORTED_VERSION,
    Id,
    Message,
    RpcError,
    read_message,
)
from evalkit.services.mcp.server import McpServer, negotiated
from evalkit.services.mcp.versions import VERSION_KEY
from evalkit.wire import Caller, Effect, Request

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a server over lines needs: how to write a line, the time in nanoseconds since the start,
    on whose behalf it is asked, what it draws from, and whom it tells what it did.
    """

    write: Callable[[bytes], None]
    now: Callable[[], int]
    caller: Caller | None = None
    seed: int = 0
    starts_at_ns: int = DEFAULT_STARTS_AT_NS
    complained: Callable[[str], None] = lambda _: None
    committed: Callable[[str, Effect], None] = lambda *_: None


@dataclass(slots=True)
class StdioServer:
    """One MCP server with its one client."""

    server: McpServer
    around: Surroundings
    _version: str | None = None
    _since: int | None = None
    _asked: int = 0
    _answering: dict[Id | None, asyncio.Task[None]] = field(default_factory=dict)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _tasks: asyncio.TaskGroup = field(init=False)

    async def serve(self, lines: AsyncIterator[bytes]) -> None:
        """Answer until there are no more lines and all that was asked is answered. Raises an
        `ExceptionGroup` of what `write` raised.
        """
        async with asyncio.TaskGroup() as self._tasks:  # what cannot be written ends it all
            async for line in lines:
                if line.strip():
                    self._take(line)
            while self._answering:
                await asyncio.wait(self._answering.values())
                await asyncio.sleep(0)  # lets their callbacks strike them off
            for task in self._open:
                task.cancel()

    def _take(self, line: bytes) -> None:
        try:
            message = read_message(line)
        except RpcError as error:
            self._write(error.body(None))
            self.around.complained(error.message)
            return
        if message.is_request:
            self._begin(message, line)
        elif message.method == "notifications/cancelled":
            self._cancel(message)
        elif message.method == "notifications/initialized":
            self._tell_changes()

    def _begin(self, message: Message, line: bytes) -> None:
        """Answer a request, beside others that are still being answered."""
        assert message.id is not None
        if message.id in self._answering:
            error = RpcError(INVALID_REQUEST, "the id of a request that is under way")
            self._write(error.body(message.id))
            return
        request = self._request(line)
        answer = self._answered(message, request)
        if answer.latency == 0 and not answer.notices and not answer.stays_open:
            self._write(answer.body(message))
            return
        task = self._tasks.create_task(self._deliver(answer, message, request.at))
        if answer.stays_open:
            self._keep_open(task)
        else:
            self._answering[message.id] = task
            task.add_done_callback(lambda _: self._answering.pop(message.id, None))

    def _answered(self, message: Message, request: Request) -> Answer:
        operation = self.server.operation(message)
        try:
            answer = self.server.answer(self._placed(message, request))
        except RpcError as error:
            answer = Answer(error=error, complaint=error.complaint, latency=0)
        for each in (answer.complaint, *answer.breaches):
            if each is not None:
                self.around.complained(f"{operation}: {each}")
        self._commit(operation, answer)
        return answer

    async def _deliver(self, answer: Answer, message: Message, begun: int) -> None:
        await self._tell(answer.notices, begun)
        if not answer.stays_open:
            await self._until(begun + (answer.latency or 0))
            self._write(answer.body(message))

    def _commit(self, operation: str, answer: Answer) -> None:
        for taken in answer.taken:
            taken()
        for effect in answer.effects:
            if effect.commit is not None:
                effect.commit()
            self.around.committed(operation, effect)

    def _placed(self, message: Message, request: Request) -> Asked:
        """The request with the revision it is in. Raises `RpcError`."""
        version = self._revision(message)
        if message.method == "initialize":
            self._version = version
        return Asked(
            message=message,
            version=version,
            since=request.at if self._since is None else self._since,
            request=request,
            starts_at_ns=self.around.starts_at_ns,
        )

    def _revision(self, message: Message) -> str:
        spoken = self.server.mcp.definition.revisions
        if has_envelope(message):
            check_envelope(message)
            wanted = message.meta[VERSION_KEY]
            version = str(wanted) if wanted in spoken else None
        elif message.method in ("initialize", "ping"):
            wanted = message.params.get("protocolVersion")
            version = self._version or negotiated(wanted, spoken)
        else:
            version, wanted = self._version, None
            if version is None:
                raise RpcError(INVALID_REQUEST, "Received a request before initialization")
        if version is None:
            data = {"supported": list(spoken), "requested": wanted}
            raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", data=data)
        return version

    def _request(self, line: bytes) -> Request:
        now = self.around.now()
        self._since = now if self._since is None else self._since
        self._asked += 1
        return Request(
            method="POST",
            path="/",
            host="stdio",
            body=line,
            at=now,
            caller=self.around.caller,
            draw=Draw(self.around.seed, "stdio", self._asked),
        )

    def _cancel(self, message: Message) -> None:
        given = message.params.get("requestId")
        task = self._answering.get(given) if isinstance(given, str | int) else None
        if task is not None:
            task.cancel()

    def _keep_open(self, task: asyncio.Task[None]) -> None:
        """What has no end of its own does not keep the server from ending."""
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    def _tell_changes(self) -> None:
        """Tell the client of a session what changes, as the GET stream does over HTTP."""
        if self._version is None:
            return
        request = self._request(b"")
        asked = self._placed(Message(method="ping"), request)
        notices = self.server.changes(asked).notices
        if notices:
            self._keep_open(self._tasks.create_task(self._tell(notices, request.at)))

    async def _tell(self, notices: Iterable[Notice], begun: int) -> None:
        for due, body in notices:
            await self._until(begun + due)
            self._write(body)

    async def _until(self, moment: int) -> None:
        left = moment - self.around.now()
        if left > 0:
            await asyncio.sleep(left / _SECOND)

    def _write(self, body: object) -> None:
        self.around.write(json_bytes(body) + b"\n")
