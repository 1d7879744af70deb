"""An agent in Python: an async callable, or an async context manager that yields one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.errors import StartError
from evalkit.suite.loading import loaded, place_of

Target: TypeAlias = Callable[[Turn], Awaitable[object]]

_ALLOWED = (
    "an async function, `async def agent(turn) -> Reply`, "
    "or an async context manager that yields one; run live, a synchronous function too"
)


class PythonAgent:
    """Calls the agent's own coroutine, in the task of the turn."""

    def __init__(self, target: Target | Callable[[Turn], object]) -> None:
        self._target = target

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says; plain text becomes a `Reply`."""
        try:
            said = self._target(turn)
            said = await said if inspect.isawaitable(said) else said
        except SystemExit as error:
            raise AgentFailed(f"the agent ended the process: SystemExit({error})") from error
        if isinstance(said, str):
            return Reply(said)
        if isinstance(said, Reply):
            return said
        what = "nothing (None)" if said is None else f"a {type(said).__name__}: {_short(said)}"
        raise AgentFailed(f"the agent returned {what}; allowed: text or an evalkit.Reply")


@asynccontextmanager
async def open_python(
    target: str, folder: Path, *, blocking: bool = False
) -> AsyncIterator[PythonAgent]:
    """The agent that a target names, entered for the length of a world. `blocking` allows one that
    is a synchronous function, where there is nothing that it could hold up.

    Raises `StartError` where the target is no agent.
    """
    with loaded(target, folder) as found:
        async with AsyncExitStack() as stack:
            made = _made(found, target)
            if _is_manager(made):
                try:
                    made = await stack.enter_async_context(made)
                except (Exception, SystemExit) as error:
                    raise _raised(error, target) from error
            _check(made, target, blocking=blocking)
            yield PythonAgent(made)


def _made(found: Any, target: str) -> Any:
    """The agent or the context manager that was named, or that what was named makes."""
    if inspect.isasyncgenfunction(found):
        raise _wrong(found, target, "is an async generator without @asynccontextmanager")
    if _is_async_callable(found) or _is_manager(found) or not _takes(found, 0):
        return found
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise _raised(error, target) from error


def _check(made: Any, target: str, *, blocking: bool) -> None:
    if not _is_async_callable(made) and not (blocking and callable(made)):
        kind = "a synchronous function" if inspect.isroutine(made) else f"a {type(made).__name__}"
        raise _wrong(made, target, f"is {kind}")
    if not _takes(made, 1):
        raise _wrong(made, target, "does not take exactly one argument, the turn")


def _is_async_callable(thing: Any) -> bool:
    if inspect.iscoroutinefunction(inspect.unwrap(thing)):
        return True
    if isinstance(thing, type) or not callable(thing):
        return False
    return inspect.iscoroutinefunction(type(thing).__call__)


def _is_manager(thing: Any) -> bool:
    return hasattr(type(thing), "__aenter__") and hasattr(type(thing), "__aexit__")


def _takes(thing: Any, count: int) -> bool:
    """Whether a thing can be called with so many arguments."""
    try:
        inspect.signature(thing).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # made in C, without a signature
        return callable(thing)
    return True


def _wrong(thing: Any, target: str, what: str) -> StartError:
    return StartError(f"{target} {what} ({place_of(thing)})", hint=f"allowed: {_ALLOWED}")


def _raised(error: BaseException, target: str) -> StartError:
    return StartError(f"{target} could not be started: {type(error).__name__}: {error}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
