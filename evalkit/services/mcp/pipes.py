"""Runs a server over lines on the standard streams of this process, in real time.

Nothing but the protocol is written to standard output: what anything else prints goes to standard
error. It ends with its input, when nobody reads its output any more, and on SIGINT and SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress

from evalkit.services.bodies import MAX_BODY
from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.server import McpServer
from evalkit.services.mcp.stdio import StdioServer, Surroundings
from evalkit.wire import Caller

_CHUNK = 64 * 1024
_STDIN, _STDOUT = 0, 1


def serve_stdio(
    name: str,
    mcp: CompiledMcp,
    *,
    caller: Caller | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
    complain: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until the end. `tell` hears of effects, `complain` of what could not be answered."""
    begun = time.monotonic_ns()
    around = Surroundings(
        write=_write,
        now=lambda: time.monotonic_ns() - begun,
        caller=caller,
        seed=seed,
        starts_at_ns=time.time_ns(),
        complained=complain,
        committed=lambda operation, effect: tell(
            f"{operation} committed {effect.name} {list(effect.key)}"
        ),
    )
    with redirect_stdout(sys.stderr):
        try:
            asyncio.run(_serve(StdioServer(McpServer(name, mcp), around)))
        except* BrokenPipeError:
            pass  # nobody reads any more


async def _serve(server: StdioServer) -> None:
    serving = asyncio.ensure_future(server.serve(_lines()))
    with _ended_by_signals(serving), suppress(asyncio.CancelledError):
        await serving


@contextmanager
def _ended_by_signals(serving: asyncio.Future[None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no such handlers
            loop.add_signal_handler(each, serving.cancel)
    try:
        yield
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(each)


async def _lines() -> AsyncIterator[bytes]:
    """The lines of standard input. A thread reads them, for it may be a file as well as a pipe; it
    reads the descriptor itself, because a thread that holds Python's lock on `sys.stdin` when the
    process ends would crash it.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        while True:
            try:
                chunk = os.read(_STDIN, _CHUNK)
            except OSError:
                chunk = b""
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            if not chunk:
                return

    threading.Thread(target=read, name="evalkit-stdin", daemon=True).start()
    rest = b""
    while chunk := await chunks.get():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > MAX_BODY:
            yield rest  # refused for its size; what follows of it is refused as no message
            rest = b""
    if rest:
        yield rest


def _write(line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(_STDOUT, left) :]
