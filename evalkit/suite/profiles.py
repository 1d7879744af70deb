"""How many users there are at a time in a load test: the profiles of a suite."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from evalkit.suite.parts import Count, Part, exactly_one, missing_choice
from evalkit.units import Duration, Rate

Points: TypeAlias = tuple[tuple[int, int], ...]
"""Moments in nanoseconds from the beginning, and how many users there are then; between two of
them the number follows a straight line.
"""

KINDS = ("ramp", "step", "spike", "soak", "business_day")
"""What a profile can be; exactly one of them is given."""

_DAY = (0.05, 0.1, 0.6, 1.0, 0.75, 0.9, 1.0, 0.5, 0.2, 0.05)
"""Shares of the peak over a working day, from before its beginning to after its end."""


def _some(ns: int) -> int:
    if not ns:
        raise ValueError("0s is no time; write more than that")
    return ns


Time: TypeAlias = Annotated[Duration, AfterValidator(_some)]


class Ramp(Part):
    """More and more users, up to `to`, which then stay."""

    to: Count
    over: Time
    hold: Duration = 0

    def points(self) -> Points:
        """Its course."""
        return (0, 1), (self.over, self.to), (self.over + self.hold, self.to)


class Step(Part):
    """So many users more at a time: `steps` times `add`."""

    add: Count
    every: Time
    steps: Count

    def points(self) -> Points:
        """Its course."""
        found: list[tuple[int, int]] = []
        for number in range(self.steps):
            users = self.add * (number + 1)
            found += [(number * self.every, users), ((number + 1) * self.every, users)]
        return tuple(found)


class Spike(Part):
    """`base` users, and `peak` for a time in the middle."""

    base: Count
    peak: Count
    after: Time = Field(description="When the spike comes, and how long it goes on afterwards")
    lasting: Time = Field(alias="for")

    def points(self) -> Points:
        """Its course."""
        start, end = self.after, self.after + self.lasting
        return (
            *((0, self.base), (start, self.base), (start, self.peak)),
            *((end, self.peak), (end, self.base), (end + self.after, self.base)),
        )


class Soak(Part):
    """As many users for a long time."""

    users: Count
    lasting: Time = Field(alias="for")

    def points(self) -> Points:
        """Its course."""
        return (0, self.users), (self.lasting, self.users)


class BusinessDay(Part):
    """A working day with its two peaks, in as much time as is given."""

    peak: Count
    lasting: Time = Field(alias="for")

    def points(self) -> Points:
        """Its course."""
        step = self.lasting / (len(_DAY) - 1)
        moments = accumulate((step for _ in _DAY[1:]), initial=0.0)
        return tuple(
            (round(moment), max(1, round(self.peak * share)))
            for moment, share in zip(moments, _DAY, strict=True)
        )


class LoadProfile(Part):
    """One profile: its course, and what the users meet."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=exactly_one(*KINDS))

    ramp: Ramp | None = None
    step: Step | None = None
    spike: Spike | None = None
    soak: Soak | None = None
    business_day: BusinessDay | None = Field(None, validate_default=True)
    arrival: Rate | None = Field(None, description="Open arrivals, as far as there are users")
    scenario: str | None = Field(
        None, description="What they meet; the windows of its faults are the timetable"
    )

    @field_validator("business_day")
    @classmethod
    def _one_kind(cls, value: Any, info: ValidationInfo) -> Any:
        others = [name for name in KINDS if name != "business_day"]
        if any(name not in info.data for name in others):
            return value  # one of them is wrong, and told of
        given = sum(info.data[name] is not None for name in others) + (value is not None)
        if not given:
            raise missing_choice(*KINDS)
        if given > 1:
            raise ValueError(f"a profile is one of {', '.join(KINDS)}; keep one")
        return value

    @property
    def points(self) -> Points:
        """Its course."""
        course = self.ramp or self.step or self.spike or self.soak or self.business_day
        assert course is not None
        return course.points()

    @property
    def most(self) -> int:
        """The most users there are."""
        return max(users for _, users in self.points)

    @property
    def lasts(self) -> int:
        """How long it takes, in nanoseconds."""
        return self.points[-1][0]
