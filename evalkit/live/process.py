"""A process under supervision: started, its output kept, stopped for certain."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from pathlib import Path
from typing import Any

from evalkit.errors import StartError
from evalkit.live import supervisor
from evalkit.live.output import Output

STOP_GRACE = 3.0
"""Real seconds that a process has to end once it was asked to."""

INPUT_GRACE = 1.0
"""Real seconds that a process has to end once its input is closed."""

_LIMIT = 16 * 1024 * 1024  # bytes of one line
_PATIENCE = 5.0  # real seconds that its supervisor has to tell that it killed it


class Process:
    """One process. `ended` is done when it and all that it started is gone, with its exit code."""

    def __init__(self, supervised: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._supervised = supervised
        self._control = control
        self._input: asyncio.WriteTransport | None = None
        self._reading: list[asyncio.Task[None]] = []
        self._watching: asyncio.Task[None] | None = None
        self.failed: str | None = None
        """Why it could not be started, if it could not."""
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return not self.ended.done()

    def send(self, line: bytes) -> None:
        """Write to its standard input. Raises `OSError` where nobody reads it any more."""
        if self._input is None or self._input.is_closing() or not self.running:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self._input.write(line)

    def close_input(self) -> None:
        """Close its standard input, which asks it to end."""
        if self._input is not None:
            self._input.close()

    def kill(self) -> None:
        """Kill it and all that it started, now."""
        self._order("kill")

    async def stop(self, grace: float = STOP_GRACE) -> int:
        """Ask it to end, by closing its input if it has one, then by SIGTERM, and kill it so many
        real seconds later; its exit code.
        """
        if self._input is not None:
            self.close_input()
            await asyncio.wait({self.ended}, timeout=INPUT_GRACE)
        self._order(f"stop {grace}")
        return await self._gone(grace + _PATIENCE)

    async def gone(self) -> int:
        """Wait until it has ended; for one that was killed."""
        return await self._gone(_PATIENCE)

    async def _gone(self, patience: float) -> int:
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), patience)
        except TimeoutError:
            self._supervised.kill()  # the process dies with it
            return await asyncio.shield(self.ended)

    def _order(self, order: str) -> None:
        with contextlib.suppress(OSError):
            self._control.send(f"{order}\n".encode())

    # Reading -----------------------------------------------------------------------------------

    async def begin(self, heard: Callable[[bytes], None], output: Output) -> None:
        """Hear its standard output line by line, and keep its standard error."""
        process = self._supervised
        if process.stdout is not None:
            self._reading.append(await _reading(process.stdout.fileno(), heard))
        if process.stderr is not None:
            self._reading.append(await _reading(process.stderr.fileno(), output.take))
        if process.stdin is not None:
            pipe = os.fdopen(os.dup(process.stdin.fileno()), "wb", buffering=0)
            loop = asyncio.get_running_loop()
            self._input, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, pipe)
        self._control.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=self._control)
        self._watching = _apart(self._watched(reader, writer))

    async def _watched(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            said = (await reader.read()).decode().strip()
        except OSError:  # an order was on its way when it ended
            said = ""
        writer.close()
        word, _, rest = said.partition(" ")
        code = int(rest) if word == "ended" else -signal.SIGKILL
        self.failed = rest if word == "failed" else None
        # Its supervisor is gone, and with it whatever could still hold the pipes; but one that got
        # away may, and is not waited for.
        await asyncio.wait(self._reading, timeout=_PATIENCE) if self._reading else None
        for each in self._reading:
            each.cancel()
        self._supervised.wait()
        if self._input is not None:
            self._input.abort()
        for pipe in (self._supervised.stdin, self._supervised.stdout, self._supervised.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if not self.ended.done():
            self.ended.set_result(code)


async def start_process(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Output,
    heard: Callable[[bytes], None] | None = None,
) -> Process:
    """Start a command in a folder. Its output is kept, but for the lines of its standard output
    where those are `heard`; it has a standard input then.

    Raises `StartError` where there is no such command.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        script = [sys.executable, "-I", "-S", supervisor.__file__, str(theirs.fileno())]
        try:
            supervised = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [*script, *command],
                cwd=folder,
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL if heard is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            ours.close()
            raise StartError(f"the agent's process cannot be started: {error}") from error
    process = Process(supervised, ours)
    await process.begin(output.take if heard is None else heard, output)
    return process


def how_it_ended(code: int) -> str:
    """The end of a process in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


async def _reading(descriptor: int, heard: Callable[[bytes], None]) -> asyncio.Task[None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LIMIT, loop=loop)
    pipe = os.fdopen(os.dup(descriptor), "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), pipe)
    return _apart(_lines(reader, heard))


def _apart(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that is no part of the life in context: it sees the process out."""
    return asyncio.get_running_loop().create_task(work, context=Context())


async def _lines(reader: asyncio.StreamReader, heard: Callable[[bytes], None]) -> None:
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # longer than the limit: what there is of it is dropped
            continue
        if not line:
            return
        heard(line)
