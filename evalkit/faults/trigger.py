"""When a fault is injected: the `when` of a fault rule."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from evalkit.faults.matching import Match
from evalkit.units import Duration, Share

# Strict, as the JSON Schema is: neither true nor "2" is a count.
Count: TypeAlias = Annotated[int, Field(ge=1, strict=True)]
StatusCode: TypeAlias = Annotated[int, Field(strict=True)]


def _longer_than_nothing(ns: int) -> int:
    if not ns:
        raise ValueError("0s is no time for a share to change; write a `share` instead")
    return ns


def _failures(value: object) -> object:
    """`3 failures` is 3."""
    found = re.fullmatch(r"([1-9][0-9]{0,5}) failures?", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no number of failures; write it like `3 failures`")
    return int(found[1])


Failures: TypeAlias = Annotated[
    int,
    BeforeValidator(_failures, json_schema_input_type=str),
    PlainSerializer(lambda count: f"{count} failures"),
]


class Window(BaseModel):
    """A stretch of world time, counted from the start of the world."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", populate_by_name=True)

    start: Duration = Field("0s", validate_default=True, alias="from", description="When it begins")
    end: Duration = Field(alias="to", description="When it is over")

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.start >= self.end:
            raise ValueError("a window ends after it begins")
        return self


class ShareRamp(BaseModel):
    """A share that changes evenly with world time, and then stays."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", populate_by_name=True)

    start: Share = Field(
        "0%", validate_default=True, alias="from", description="The share at first"
    )
    end: Share = Field(alias="to", description="The share in the end")
    over: Annotated[Duration, AfterValidator(_longer_than_nothing)] = Field(
        description="How long it takes, from the start of the world, or of the `window`"
    )

    def share(self, at: int) -> float:
        """The share at a world time in nanoseconds."""
        return self.start + (self.end - self.start) * min(1.0, at / self.over)


class After(BaseModel):
    """What has just happened when the agent fails."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    effect: str = Field(min_length=1, description="A glob over the names of effects")


class When(BaseModel):
    """Which calls a fault hits. All that is given must hold; nothing given means every call."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    call: Count | None = Field(
        None, description="The n-th logical call of the operation in the session"
    )
    attempt: Count | None = Field(None, description="The n-th attempt of a logical call")
    attempts: tuple[Count, ...] | None = Field(None, description="These attempts of a logical call")
    turn: Count | None = Field(None, description="Calls or moments of the n-th turn")
    share: Share | None = Field(None, description="This share of them, drawn by call identity")
    per: Literal["call", "attempt"] = Field(
        "call", description="Whether `share` is drawn per logical call or per attempt"
    )
    first: Count | None = Field(
        None,
        description="The first n requests of the operation in the session; "
        "of `at: agent` the first n moments, 1 if nothing is said",
    )
    match: Match | None = Field(
        None,
        description="What the request holds: a value, a glob or a list of them by place "
        "(path, query.NAME, header.NAME, body.FIELD)",
    )
    until: Failures | None = Field(
        None, description="Until so many calls of the operation in the session have failed"
    )
    window: Window | None = Field(
        None, description="Within a stretch of world time: {from: 3min, to: 4min}"
    )
    ramp: ShareRamp | None = Field(
        None, description="A share that grows with world time: {from: 0%, to: 50%, over: 10min}"
    )
    after: After | None = Field(
        None, description="Of `at: agent`: once an effect was committed: {effect: charge}"
    )
    during: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Of `at: agent`: half-way through a call: service, or service OPERATION-GLOB",
    )
    before: Literal["reply"] | None = Field(
        None, description="Of `at: agent`: when the turn's reply is made and not yet given"
    )
    sequence: tuple[StatusCode | Literal["ok", "inject"], ...] | None = Field(
        None,
        description="What the 1st, 2nd, … request of the operation in the session meets: "
        "a status, `ok`, or `inject`",
    )
