"""An agent that is a process which speaks JSON lines over its standard input and output.

Once it can take turns it writes `{"ready": true}`. A turn is a line, and so is its reply, which has
the turn's `id`:

    {"id": 1, "input": "…", "number": 1, "session": {"id": "s-1", "vars": {…}}, "services": {…}}
    {"id": 1, "text": "…", "answer": "hold", "confidence": 0.8, "context": {…}}
    {"id": 1, "error": "what went wrong"}

`services` holds the base URLs of the services for this session, by name. A process has one turn at
a time, and all turns of a session go to the same. `{"cancel": 1}` says that nobody waits for a
reply any more: a process that still has that turn a second later is killed and started again. When
its standard input closes, it is to end. Lines that are no such replies are kept as its output.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.http import supervised, with_output
from evalkit.errors import StartError
from evalkit.live.process import Process, how_it_ended, start_process
from evalkit.live.surroundings import Surroundings
from evalkit.world.callers import CALLER

STARTS_WITHIN = 60.0
"""Real seconds that a process has to say that it is ready."""

CANCEL_GRACE = 1.0
"""Real seconds that a process has to end a turn that nobody waits for any more."""


class Lines:
    """One process that takes one turn at a time."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._ids = 0
        self._expected: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: Process
        self.free = asyncio.Lock()
        self.dropped = False
        """Whether it was killed because it held on to a turn."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, process: Process) -> None:
        """This is its process."""
        self._process = process
        process.ended.add_done_callback(self._over)

    def close_input(self) -> None:
        """Have it end once it is through."""
        self._process.close_input()

    def heard(self, line: bytes) -> None:
        """A line of its standard output."""
        said = _object(line)
        expected = self._expected.get(said["id"]) if _has_id(said) else None
        if said.get("ready") is True and not self.ready.done():
            self.ready.set_result(None)
        elif "failed" in said and not self.ready.done():
            self.ready.set_exception(StartError(str(said["failed"])))
        elif expected is not None and not expected.done():
            expected.set_result(said)
        elif not said:
            self._surroundings.output.take(line)

    def _over(self, ended: asyncio.Future[int]) -> None:
        process = self._process
        why = how_it_ended(ended.result()) if process.failed is None else process.failed
        for each in self._expected.values():
            if not each.done():
                each.set_exception(AgentFailed(f"the agent's process {why}"))
        if not self.ready.done():
            message = f"the agent's process {why} before it was ready"
            self.ready.set_exception(StartError(with_output(message, self._surroundings)))

    async def ask(self, turn: Turn) -> Mapping[str, Any]:
        """What it replies to a turn. Raises `AgentFailed` where the process ends over it."""
        self._ids += 1
        number = self._ids
        expected = asyncio.get_running_loop().create_future()
        self._expected[number] = expected
        try:
            self.send(self._told(number, turn))
            return await asyncio.shield(expected)
        except asyncio.CancelledError:
            await self._cancel(number, expected)
            raise
        finally:
            del self._expected[number]

    def _told(self, number: int, turn: Turn) -> Mapping[str, Any]:
        return {
            "id": number,
            "input": turn.input,
            "number": turn.number,
            "session": {"id": turn.session.id, "vars": dict(turn.session.vars)},
            "services": self._surroundings.urls(turn.session.id),
        }

    async def _cancel(self, number: int, expected: asyncio.Future[dict[str, Any]]) -> None:
        """Have it drop a turn, or end."""
        try:
            self.send({"cancel": number})
        except AgentFailed:
            return
        await asyncio.wait({expected}, timeout=CANCEL_GRACE)
        if not expected.done():
            self.dropped = True
            self._process.kill()
            expected.cancel()
        elif not expected.cancelled():
            expected.exception()

    def send(self, what: Mapping[str, Any]) -> None:
        """Write a line. Raises `AgentFailed` where nobody reads it."""
        try:
            self._process.send(json.dumps(what, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            ended = self._process.ended
            how = how_it_ended(ended.result()) if ended.done() else "takes no turns any more"
            raise AgentFailed(f"the agent's process {how}") from error


class _Opening:
    """Starts the processes of a command; all end with the stack."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        surroundings: Surroundings,
        first: Mapping[str, Any] | None,
        stack: AsyncExitStack,
    ) -> None:
        self._command = command
        self._folder = folder
        self.surroundings = surroundings
        self._first = first
        self._stack = stack
        self.made: list[Lines] = []

    async def start(self, at: int, *, free: asyncio.Lock | None = None) -> None:
        """Start the process of a place. `free` is the lock of the one that was there."""
        lines = Lines(self.surroundings)
        lines.free = free or lines.free
        process = await start_process(
            self._command,
            folder=self._folder,
            environment=self.surroundings.environment(at + 1, ""),
            output=self.surroundings.output,
            heard=lines.heard,
        )
        lines.begin(process)
        await self._stack.enter_async_context(supervised(process, self.surroundings))
        if self._first is not None:
            lines.send(self._first)
        self.made[at : at + 1] = [lines]


class CommandAgent:
    """Several processes of one agent. The turns of a session go to the same."""

    def __init__(self, opening: _Opening) -> None:
        self._opening = opening
        self._processes = opening.made
        self._surroundings = opening.surroundings
        self._of: dict[str, int] = {}
        self._load: Counter[int] = Counter()

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says."""
        caller = CALLER.get()
        assert caller is not None, "a turn is given on behalf of a session"
        at = self._place(turn.session.id)
        self._load[at] += 1
        try:
            async with self._processes[at].free:
                lines = await self._alive(at)
                with self._surroundings.attribution.turn(caller, at + 1):
                    return _read(await lines.ask(turn))
        finally:
            self._load[at] -= 1

    async def _alive(self, at: int) -> Lines:
        """A process that takes turns; another one where the one at hand had to be killed."""
        lines = self._processes[at]
        if lines.dropped:
            await self._opening.start(at, free=lines.free)
            lines = self._processes[at]
            await lines.ready
        return lines

    def _place(self, session: str) -> int:
        """Which process has the session: from its first turn on, the one with the least to do."""
        if session not in self._of:
            having = Counter(self._of.values())
            places = range(len(self._processes))
            self._of[session] = min(places, key=lambda at: (self._load[at], having[at]))
        return self._of[session]


@asynccontextmanager
async def open_command(
    command: Sequence[str],
    folder: Path,
    surroundings: Surroundings,
    *,
    first: Mapping[str, Any] | None = None,
) -> AsyncIterator[CommandAgent]:
    """The processes of a command, for the length of a world. `first` is a line that each is given
    before anything else.

    Raises `StartError` where one does not come up.
    """
    async with AsyncExitStack() as stack:
        opening = _Opening(command, folder, surroundings, first, stack)
        for at in range(surroundings.processes):
            await opening.start(at)
        await _all_ready(opening.made, surroundings)
        try:
            yield CommandAgent(opening)
        finally:
            for each in opening.made:  # all at once; then each is waited for
                each.close_input()


async def _all_ready(made: Sequence[Lines], surroundings: Surroundings) -> None:
    ready = [each.ready for each in made]
    done, _ = await asyncio.wait(ready, timeout=STARTS_WITHIN, return_when=asyncio.FIRST_EXCEPTION)
    failed = [each for each in done if each.exception() is not None]
    if failed:
        failed[0].result()
    if len(done) < len(ready):
        message = f"the agent did not say within {STARTS_WITHIN:g} s that it is ready"
        hint = 'it writes a line when it is: {"ready": true}'
        raise StartError(with_output(message, surroundings), hint=hint)


def _object(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _has_id(said: Mapping[str, Any]) -> bool:
    return isinstance(said.get("id"), int)


def _read(said: Mapping[str, Any]) -> Reply:
    if said.get("error") is not None:
        raise AgentFailed(str(said["error"]))
    try:
        return Reply(
            said.get("text"),  # type: ignore[arg-type]
            said.get("answer"),
            said.get("confidence"),
            said.get("context") or {},
        )
    except (TypeError, ValueError) as error:
        raise AgentFailed(f"the agent's reply cannot be used: {error}") from error
