"""The one place where these agents retry. Neither the SDK nor the graph does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import openai

T = TypeVar("T")

WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 5.0  # seconds; who asks for more is treated as down


class Unavailable(Exception):
    """Nothing usable came back in the attempts allowed."""


class NotUsable(Exception):
    """A reply came and is not what it should be: another one may be."""


TROUBLE = (
    TimeoutError,
    NotUsable,
    httpx.HTTPError,
    openai.OpenAIError,
    ValueError,  # a body that is not the JSON it should be
    # The SDK does not look at the shape of a 200 (an HTML page, no choices) before using it.
    AttributeError,
    LookupError,
    TypeError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often to try, and how many seconds each attempt may take, from connect to last byte."""

    attempts: int
    timeout: float


async def attempt(call: Callable[[], Awaitable[T]], limits: Limits) -> T:
    """The result of `call`, tried as often as `limits` allow. Raises `Unavailable`."""
    for number in range(1, limits.attempts + 1):
        try:
            # httpx limits each read; only this limits a reply that drips in byte by byte.
            async with asyncio.timeout(limits.timeout):
                return await call()
        except TROUBLE as error:
            pause = pause_after(number, error)
            if number == limits.attempts or pause is None:
                raise Unavailable(f"{type(error).__name__} in attempt {number}") from error
        await asyncio.sleep(pause)
    raise AssertionError("limits allow no attempt")


def pause_after(number: int, error: Exception) -> float | None:
    """Seconds to wait before the next attempt; None if another would be no use."""
    response = getattr(error, "response", None)
    if response is None or response.status_code < 400:
        return backoff(number)
    if response.status_code not in WORTH_RETRYING:
        return None
    asked = retry_after(response.headers)
    if asked is None:
        return backoff(number)
    return asked if asked <= LONGEST_PAUSE else None


def backoff(number: int) -> float:
    """0.4 s, doubled with each attempt, with up to a quarter of jitter."""
    return float(0.4 * 2 ** (number - 1) * random.uniform(0.75, 1.0))


def retry_after(headers: Any) -> float | None:
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
