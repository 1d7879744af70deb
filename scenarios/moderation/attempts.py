"""The one place where this agent retries, within the time that a stage has."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx2

T = TypeVar("T")

WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


class Unavailable(Exception):
    """Nothing usable came back in the time and the attempts allowed."""


class NotUsable(Exception):
    """A reply came and is not what it should be: another one may be."""


TROUBLE = (TimeoutError, NotUsable, httpx2.HTTPError, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage may take: seconds for each attempt, and for all of them and their pauses."""

    attempts: int
    each: float
    within: float
    pause: float = 0.4


async def attempt(call: Callable[[], Awaitable[T]], stage: Stage) -> T:
    """The result of `call`, tried as a stage allows. Raises `Unavailable`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + stage.within
    for number in range(1, stage.attempts + 1):
        try:
            # httpx2 limits each read; only this limits a reply that drips in byte by byte.
            async with asyncio.timeout_at(min(until, loop.time() + stage.each)):
                return await call()
        except TROUBLE as error:
            pause = pause_after(number, error, stage)
            if number == stage.attempts or pause is None or loop.time() + pause >= until:
                raise Unavailable(f"{type(error).__name__} in attempt {number}") from error
        await asyncio.sleep(pause)
    raise AssertionError("the stage allows no attempt")


def pause_after(number: int, error: Exception, stage: Stage) -> float | None:
    """Seconds to wait before the next attempt; None if another would be no use."""
    if not isinstance(error, httpx2.HTTPStatusError):
        return backoff(number, stage)
    if error.response.status_code not in WORTH_RETRYING:
        return None
    asked = retry_after(error.response.headers)
    return backoff(number, stage) if asked is None else asked


def backoff(number: int, stage: Stage) -> float:
    """The stage's pause, doubled with each attempt, with up to a quarter of jitter."""
    return float(stage.pause * 2 ** (number - 1) * random.uniform(0.75, 1.0))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks for, in seconds; it may be a number or a date."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        due = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (due - datetime.now(UTC)).total_seconds())
