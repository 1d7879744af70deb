"""The one place where this agent retries. The SDK and the framework do not, so none multiply."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx2
from pydantic_ai.exceptions import ModelAPIError, UnexpectedModelBehavior

T = TypeVar("T")

WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 5.0  # seconds; who asks for more is treated as down
TROUBLE = (
    TimeoutError,
    httpx2.HTTPError,
    ModelAPIError,
    UnexpectedModelBehavior,
    ValueError,  # a body that is not what it should be
    # The SDK does not look at the shape of a 200 before using it.
    AttributeError,
    LookupError,
    TypeError,
)


class Unavailable(Exception):
    """Nothing usable came back in the attempts allowed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often to try, and how many seconds each attempt may take, from connect to last byte."""

    attempts: int
    timeout: float


async def attempt(call: Callable[[], Awaitable[T]], limits: Limits) -> T:
    """The result of `call`, tried as often as `limits` allow. Raises `Unavailable`."""
    for number in range(1, limits.attempts + 1):
        try:
            # The client limits each read; only this limits a reply that drips in.
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
    status, headers = answered(error)
    if status is None or status < 400:
        return backoff(number)
    if status not in WORTH_RETRYING:
        return None
    asked = retry_after(headers)
    if asked is None:
        return backoff(number)
    return asked if asked <= LONGEST_PAUSE else None


def answered(error: Exception) -> tuple[int | None, Mapping[str, str]]:
    """The status and headers that an error tells of, where it tells of any."""
    response = getattr(error, "response", error)
    return getattr(response, "status_code", None), getattr(response, "headers", None) or {}


def backoff(number: int) -> float:
    """A fifth of a second, doubled with each attempt, with up to a quarter of jitter."""
    return float(0.2 * 2 ** (number - 1) * random.uniform(0.75, 1.0))


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
