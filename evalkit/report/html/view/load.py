"""A load test, over its time."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.live.meter import LoadCounts
from evalkit.metrics import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A figure over time, one value for each step; None where there was nothing to measure."""

    label: str
    unit: Unit
    values: tuple[float | None, ...]
    per: str = ""

    @property
    def most(self) -> float | None:
        """The largest value."""
        return max((each for each in self.values if each is not None), default=None)

    @property
    def least(self) -> float | None:
        """The smallest value. The last step counts only where it is all there is: it is cut off."""
        whole = self.values[:-1] or self.values
        return min((each for each in whole if each is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a fault rule held, in nanoseconds since the load began, and how often it was met."""

    label: str
    first: int
    last: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load test. `offered` and `achieved` are sessions per second while sessions became due:
    those that became due, and those that ended. Times are in nanoseconds since the load began, and
    `strips` have a value for each `step`; `mocks_*` are how late the mocks were, and how long they
    took by themselves, at p99.
    """

    scenario: str
    offered: float
    achieved: float
    counts: LoadCounts
    mocks_late: int
    mocks_own: int
    bottleneck: str | None
    lasted: int
    step: int
    strips: tuple[Strip, ...]
    windows: tuple[Window, ...]
