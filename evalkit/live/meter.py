"""How faithful a live world is: how late its loop is, and how long its services take by themselves.

A timer that repeats on an absolute schedule tells how late whatever is due comes; the time from a
request's arrival to the moment at which its reply begins to be played is the service's own. Both
are kept in buckets of 2 %, so that hours of load take no more room than seconds.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass

from evalkit.world.clock import Clock

EVERY = 20_000_000
"""Nanoseconds from one look at the loop to the next."""

LIMIT = 50_000_000
"""Nanoseconds of lateness or own time at p99 above which the mocks were the bottleneck, unless a
suite says otherwise.
"""

FEWEST = 100
"""Values below which nothing is said of a p99."""

_STEP = math.log(1.02)
_LOOSE = 1024  # values that are sorted at a time


class Spread:
    """How values in nanoseconds are spread. Figures are within 2 % of what they were."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._loose: list[int] = []  # values that are in no bucket yet
        self._sorted = 0
        self._most = 0

    @property
    def count(self) -> int:
        """How many values there are."""
        return self._sorted + len(self._loose)

    def add(self, ns: int) -> None:
        """Take a value in."""
        self._loose.append(ns)
        if len(self._loose) >= _LOOSE:
            self._sort()

    def _sort(self) -> None:
        loose, self._loose = self._loose, []
        self._sorted += len(loose)
        self._most = max(self._most, *loose) if loose else self._most
        self._buckets.update([0 if ns <= 0 else 1 + int(math.log(ns) / _STEP) for ns in loose])

    def quantile(self, share: float) -> int:
        """The value that this share of values does not exceed; 0 where there is none."""
        self._sort()
        wanted, seen = share * self._sorted, 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return 0 if not bucket else min(self._most, round(math.exp(bucket * _STEP)))
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """What became of a load test, counted in sessions: those that were begun or should have been,
    those that arrived and found no user (`dropped`), those under way when the time was over, which
    are in no figure (`cut`), and those whose users' process died (`lost`; `lost_of` says how many
    with which). `late_*` is how late the load generator was, in nanoseconds; `stopped` says why it
    was over early, if it was.
    """

    given: int = 0
    dropped: int = 0
    cut: int = 0
    lost: int = 0
    lost_of: tuple[tuple[str, int], ...] = ()
    late_p50: int = 0
    late_p99: int = 0
    stopped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """What a live world can say of itself; times are in nanoseconds.

    `late_*` is how late its loop was, `own_*` how long its services took by themselves, apart from
    what was injected. `calls` counts calls by the way in which their session was told, `nothing`
    among them; `bottleneck` says why its figures are not to be believed, if they are not. `load` is
    there where it was under load.
    """

    late_p50: int = 0
    late_p99: int = 0
    own_p50: int = 0
    own_p99: int = 0
    calls: tuple[tuple[str, int], ...] = ()
    bottleneck: str | None = None
    load: LoadCounts | None = None


class Meter:
    """Measures one live world."""

    def __init__(self, clock: Clock, limit: int = LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None
        self.late = Spread()
        self.own = Spread()

    def start(self) -> None:
        """Look at the running loop from now on."""
        self._due = self._clock.now
        self._next(asyncio.get_running_loop())

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due += EVERY
        self._timer = loop.call_at(Clock.loop_time(self._due), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._clock.now
        self.late.add(now - self._due)
        while self._due + EVERY < now:  # what was due meanwhile was as late as it was overdue
            self._due += EVERY
            self.late.add(now - self._due)
        self._next(loop)

    def bottleneck(self) -> str | None:
        """Why the figures of this world are not to be believed; None where they are."""
        late, own = self.late.quantile(0.99), self.own.quantile(0.99)
        if self.late.count >= FEWEST and late > self._limit:
            return f"what was due came {late / 1e6:.0f} ms late at p99"
        if self.own.count >= FEWEST and own > self._limit:
            return f"the services took {own / 1e6:.0f} ms by themselves at p99"
        return None

    def fidelity(self, calls: Counter[str]) -> Fidelity:
        """All of it."""
        return Fidelity(
            late_p50=self.late.quantile(0.5),
            late_p99=self.late.quantile(0.99),
            own_p50=self.own.quantile(0.5),
            own_p99=self.own.quantile(0.99),
            calls=tuple(sorted(calls.items())),
            bottleneck=self.bottleneck(),
        )
