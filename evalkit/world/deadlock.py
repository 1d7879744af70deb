"""Says which tasks of a world wait where, when nothing is going to wake any of them."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sysconfig
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

from evalkit.errors import DeadlockError

OWN = "evalkit: "
"""How the names of evalkit's own tasks begin: that these wait says nothing."""

_MOST_TOLD = 20
_LIBRARIES = tuple({sysconfig.get_path(each) for each in ("stdlib", "platstdlib", "purelib")})


def deadlock(tasks: Iterable[asyncio.Task[Any]], threads: int = 0) -> DeadlockError:
    """The error that names what each of these tasks waits for; `threads` wait beside them."""
    lines = lines_of(tasks)
    if threads:
        lines.append(f"  and {threads} thread{'s' * (threads > 1)} of the world's")
    message = "\n".join(("every task of the world waits, and nothing is due any more:", *lines))
    hint = "what they wait for never comes; a timeout there would end the wait"
    return DeadlockError(message, hint=hint)


def lines_of(tasks: Iterable[asyncio.Task[Any]], most: int = _MOST_TOLD) -> list[str]:
    """A line for each of these tasks that is not done, but for evalkit's own; at most so many."""
    others = (each for each in tasks if not each.done() and not each.get_name().startswith(OWN))
    waiting = sorted(others, key=lambda each: each.get_name())
    lines = [f"  {line_of(each)}" for each in waiting[:most]]
    if len(waiting) > most:
        lines.append(f"  and {len(waiting) - most} more")
    return lines


def line_of(task: asyncio.Task[Any]) -> str:
    """A task with the place that it waits at: of its own code first, then of the library's."""
    frames = list(_frames(task.get_coro()))
    name = f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', 'a coroutine')})"
    if not frames:
        return f"{name} waits"
    own = [each for each in frames if not each.f_code.co_filename.startswith(_LIBRARIES)]
    last = frames[-1]
    if not own or own[-1] is last:
        return f"{name} waits in {_place(last)}"
    return f"{name} waits in {_place(own[-1])}, there in {_place(last)}"


def _frames(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of what it awaits, from the outside in."""
    while coroutine is not None:
        for kind, awaits in (("cr", "await"), ("gi", "yieldfrom"), ("ag", "await")):
            frame = getattr(coroutine, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                coroutine = getattr(coroutine, f"{kind}_{awaits}", None)
                break
        else:
            coroutine = _generator_of(coroutine)


def _generator_of(awaited: Any) -> Any:
    """The asynchronous generator whose next value is awaited, if it is one; only the garbage
    collector can tell.
    """
    if not type(awaited).__name__.startswith("async_generator_"):
        return None
    return next(filter(inspect.isasyncgen, gc.get_referents(awaited)), None)


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_name})"
