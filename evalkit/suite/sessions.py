"""The sessions of a suite: the conversations that are replayed, and how they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from evalkit.suite.expect import TurnExpect
from evalkit.suite.parts import (
    Count,
    Integer,
    Part,
    at_most_one,
    exactly_one,
    missing_choice,
    mistake,
)
from evalkit.suite.regions import Region
from evalkit.units import MINUTE, Duration, Rate


class Turn(Part):
    """One input of a session."""

    input: str
    think: Duration = Field(0, description="Time the user takes before it")
    expect: TurnExpect = None


class PlannedCall(Part):
    """One tool call that a scripted model with `follow: plan` makes."""

    tool: str
    arguments: Mapping[str, Any] = {}


class SessionRecord(Part):
    """One conversation to replay: a line of a payload file."""

    id: str = Field(min_length=1)
    vars: Mapping[str, Any] = {}
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    plan: tuple[PlannedCall, ...] = ()
    region: str | None = None


def _ids_differ(items: tuple[SessionRecord, ...] | None) -> tuple[SessionRecord, ...] | None:
    seen: dict[str, int] = {}
    for at, item in enumerate(items or ()):
        if (first := seen.setdefault(item.id, at)) != at:
            raise mistake(f'session "{item.id}" is there already, as item {first + 1}', at, "id")
    return items


def _shares_fit(regions: Mapping[str, Region] | None) -> Mapping[str, Region] | None:
    total = sum(each.share or 0.0 for each in (regions or {}).values())
    if total > 1 + 1e-9:
        raise ValueError(f"the shares come to {total:.0%}, and there are no more than 100%")
    if regions and total < 1 - 1e-9 and all(each.share is not None for each in regions.values()):
        raise ValueError(f"the shares come to {total:.0%}: where are the others?")
    return regions


def _not_together(value: Any, info: ValidationInfo, other: str, shown: str) -> Any:
    """Refuse a value whose counterpart, an earlier field, is given as well."""
    if value is not None and info.data.get(other) is not None:
        raise ValueError(f"`{shown}` and `{info.field_name}` exclude each other; keep one")
    return value


Items: TypeAlias = Annotated[
    tuple[SessionRecord, ...], Field(min_length=1), AfterValidator(_ids_differ)
]
Regions: TypeAlias = Annotated[
    Mapping[Annotated[str, Field(min_length=1)], Region], AfterValidator(_shares_fit)
]
Source: TypeAlias = Annotated[str, Field(min_length=1)]


class Sessions(Part):
    """Which sessions are replayed and how they arrive."""

    model_config = ConfigDict(
        json_schema_extra={
            **exactly_one("from", "items"),
            **at_most_one("arrival", "concurrency"),
        }
    )

    source: Source | None = Field(None, alias="from", description="Path of a JSONL file")
    items: Items | None = Field(None, validate_default=True, description="Sessions, inline")
    arrival: Rate | None = Field(None, description="Open arrivals, Poisson by seed")
    concurrency: Count | None = Field(None, description="Closed: so many at a time")
    seed: Integer = 0
    repeat: Count = Field(1, description="How often each is replayed, with derived seeds")
    deadline: Duration = Field(10 * MINUTE, description="Per session, world time")
    turn_deadline: Duration = Field(2 * MINUTE, description="Per turn, world time")
    cell: Count = Field(50, description="Sessions that share one world")
    regions: Regions = Field({}, description="Where users are, and how far from the agent that is")

    @field_validator("items")
    @classmethod
    def _one_origin(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and "source" in info.data and info.data["source"] is None:
            raise missing_choice("from", "items")
        return _not_together(value, info, "source", "from")

    @field_validator("concurrency")
    @classmethod
    def _open_or_closed(cls, value: Any, info: ValidationInfo) -> Any:
        return _not_together(value, info, "arrival", "arrival")


class SessionsOverride(Part):
    """What a scenario changes of the suite's sessions."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [at_most_one("from", "items"), at_most_one("arrival", "concurrency")]
        }
    )

    source: Source | None = Field(None, alias="from", description="Path of a JSONL file")
    items: Items | None = None
    arrival: Rate | None = None
    concurrency: Count | None = None
    seed: Integer | None = None
    repeat: Count | None = None
    deadline: Duration | None = None
    turn_deadline: Duration | None = None
    cell: Count | None = None
    regions: Regions | None = None

    @field_validator("items")
    @classmethod
    def _one_origin(cls, value: Any, info: ValidationInfo) -> Any:
        return _not_together(value, info, "source", "from")

    @field_validator("concurrency")
    @classmethod
    def _open_or_closed(cls, value: Any, info: ValidationInfo) -> Any:
        return _not_together(value, info, "arrival", "arrival")
