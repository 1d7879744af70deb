"""A provider's rate limits: buckets that refill evenly, counted in whole numbers.

A bucket of L units per window of W ns holds L at most, and gets one back every W/L ns. What is kept
is when it would be full, times L, so that nothing is ever rounded on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from evalkit.services.quota.clients import EACH, Each
from evalkit.suite.parts import Count, Part
from evalkit.units import MINUTE, Duration

_THOUSANDS = {"k": 1_000, "K": 1_000, "M": 1_000_000}


def _read_tokens(value: Any) -> Any:
    if isinstance(value, str) and value[:-1].isdecimal() and value[-1] in _THOUSANDS:
        return int(value[:-1]) * _THOUSANDS[value[-1]]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a number of tokens is a whole number, or one of thousands or millions: 128k")


TokenCount = Annotated[int, BeforeValidator(_read_tokens), Field(ge=1, le=10**12)]
"""A number of tokens: 4096, 128k, 1M (of thousands, as providers count them)."""


class RateLimitPart(Part):
    """What a provider lets its callers use within a window: all of them, or each."""

    requests: Count | None = Field(None, description="Requests")
    tokens: TokenCount | None = Field(None, description="Tokens, read and written")
    input_tokens: TokenCount | None = Field(None, description="Tokens read (anthropic)")
    output_tokens: TokenCount | None = Field(None, description="Tokens written (anthropic)")
    window: Duration = MINUTE
    each: Each | None = Field(None, description=EACH)

    @model_validator(mode="after")
    def _limits_something(self) -> RateLimitPart:
        if not self.limits:
            raise ValueError("a rate limit has `requests` or `tokens`")
        if not self.window:
            raise ValueError("the window is longer than 0s")
        return self

    @property
    def limits(self) -> Mapping[str, int]:
        """What is limited, and to how much."""
        named = ("requests", "tokens", "input_tokens", "output_tokens")
        return {name: getattr(self, name) for name in named if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class Level:
    """How a bucket stands: its limit, what is left, and in how many ns it is full again."""

    limit: int
    remaining: int
    reset_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A limit that a request does not fit into. `retry_ns` is None where it never will."""

    what: str
    limit: int
    used: int
    wanted: int
    retry_ns: int | None
    window_ns: int


class Bucket:
    """One limit of one world."""

    def __init__(self, what: str, limit: int, window_ns: int) -> None:
        self._what = what
        self._limit = limit
        self._window = window_ns
        self._full_at = 0  # in ns, times the limit

    def _debt(self, now: int) -> int:
        return max(self._full_at - now * self._limit, 0)

    def level(self, now: int, units: int = 0) -> Level:
        """How it stands, or would stand after so many units were taken."""
        debt = self._debt(now) + units * self._window
        left = max(self._limit * self._window - debt, 0) // self._window
        return Level(self._limit, left, -(-debt // self._limit))

    def refusal(self, now: int, units: int) -> Spent | None:
        """Why so many units cannot be taken now; None where they can."""
        debt, room = self._debt(now), self._limit * self._window
        missing = debt + units * self._window - room
        if missing <= 0:
            return None
        return Spent(
            what=self._what,
            limit=self._limit,
            used=-(-debt // self._window),
            wanted=units,
            retry_ns=-(-missing // self._limit) if units <= self._limit else None,
            window_ns=self._window,
        )

    def take(self, now: int, units: int) -> None:
        """Take so many units."""
        self._full_at = now * self._limit + self._debt(now) + units * self._window


class Buckets:
    """All limits of a service in one world, by what they limit."""

    def __init__(self, part: RateLimitPart) -> None:
        self._buckets = {
            what: Bucket(what, limit, part.window) for what, limit in part.limits.items()
        }

    def refusal(self, now: int, used: Mapping[str, int]) -> Spent | None:
        """The first limit that this use does not fit into."""
        found = (each.refusal(now, used[what]) for what, each in self._buckets.items())
        return next((each for each in found if each is not None), None)

    def levels(self, now: int, used: Mapping[str, int] | None = None) -> dict[str, Level]:
        """How all of them stand, or would stand after this use."""
        used = used or {}
        return {what: each.level(now, used.get(what, 0)) for what, each in self._buckets.items()}

    def take(self, now: int, used: Mapping[str, int]) -> None:
        """Take what is used."""
        for what, bucket in self._buckets.items():
            bucket.take(now, used[what])
