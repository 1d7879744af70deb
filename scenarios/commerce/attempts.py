"""The one place where this agent retries. SDKs do not, so attempts never multiply."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx2
import openai

T = TypeVar("T")

WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})
# ValueError: a body that is not the JSON it should be; pydantic's errors are of that kind.
TROUBLE = (TimeoutError, httpx2.HTTPError, openai.OpenAIError, ValueError)


class Unavailable(Exception):
    """Nothing usable came back in the attempts and the time allowed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often to try; in seconds: each attempt, all of it together, the first pause."""

    attempts: int
    timeout: float
    budget: float
    pause: float


async def attempt(call: Callable[[], Awaitable[T]], limits: Limits) -> T:
    """The result of `call`, within the limits. Raises `Unavailable`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + limits.budget
    for number in range(1, limits.attempts + 1):
        try:
            async with asyncio.timeout_at(min(loop.time() + limits.timeout, ends)):
                return await call()
        except TROUBLE as error:
            pause = pause_after(number, error, limits)
            # A pause that the budget has no room for is not worth waiting for.
            if number == limits.attempts or pause is None or loop.time() + pause >= ends:
                raise Unavailable(f"{type(error).__name__} in attempt {number}") from error
        await asyncio.sleep(pause)
    raise AssertionError("limits allow no attempt")


def pause_after(number: int, error: Exception, limits: Limits) -> float | None:
    """Seconds to wait before the next attempt; None if another would be no use."""
    response = getattr(error, "response", None)
    if response is None:
        return backoff(number, limits.pause)
    if response.status_code not in WORTH_RETRYING:
        return None
    asked = retry_after(response.headers)
    return backoff(number, limits.pause) if asked is None else asked


def backoff(number: int, first: float) -> float:
    """The first pause, doubled with each attempt, with up to a quarter of jitter."""
    return float(first * 2 ** (number - 1) * random.uniform(0.75, 1.0))


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
