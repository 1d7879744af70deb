"""The world's clock: integer nanoseconds that pass only when the world says so."""

from __future__ import annotations

from datetime import UTC, datetime

NS = 1_000_000_000
DEFAULT_START = "2026-01-05T09:00:00Z"


def epoch_ns(text: str) -> int:
    """Nanoseconds since 1970 of an ISO 8601 time; without a zone it is UTC.

    Raises `ValueError` where it is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1_000


def nanoseconds(seconds: float) -> int:
    """Seconds in nanoseconds, to the nearest; whole seconds are exact however many they are."""
    whole, part = divmod(seconds, 1)
    return int(whole) * NS + round(part * NS)


class Clock:
    """World time since the start of the world, and the wall clock that follows from it."""

    __slots__ = ("now", "starts_at")

    MONOTONIC_START = 1_000 * NS
    """What `time.monotonic` tells at the start: above zero, as after a boot."""

    def __init__(self, starts_at: int = epoch_ns(DEFAULT_START)) -> None:
        self.starts_at = starts_at
        self.now = 0

    @property
    def wall(self) -> int:
        """Nanoseconds since 1970 in the world."""
        return self.starts_at + self.now

    @property
    def monotonic(self) -> int:
        """Nanoseconds of the monotonic clock in the world."""
        return self.MONOTONIC_START + self.now

    @classmethod
    def loop_time(cls, moment: int) -> float:
        """A moment (nanoseconds since the start) as event loops and `time.monotonic` tell it, in
        seconds: agents mix the two, as they may outside.
        """
        return (cls.MONOTONIC_START + moment) / NS

    @classmethod
    def moment(cls, loop_time: float) -> int:
        """The nanoseconds since the start that an event loop tells as these seconds."""
        return nanoseconds(loop_time) - cls.MONOTONIC_START

    def move_to(self, moment: int) -> None:
        """Let time pass until `moment` (nanoseconds since the start); it never goes back."""
        self.now = max(self.now, moment)
