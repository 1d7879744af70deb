"""When a fault is injected: the `when` of a fault rule."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evalkit.units import Share

# Strict, as the JSON Schema is: neither true nor "2" is a count.
Count: TypeAlias = Annotated[int, Field(ge=1, strict=True)]
StatusCode: TypeAlias = Annotated[int, Field(strict=True)]


class When(BaseModel):
    """Which calls a fault hits. All that is given must hold; nothing given means every call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Count | None = Field(
        None, description="The n-th logical call of the operation in the session"
    )
    attempt: Count | None = Field(None, description="The n-th attempt of a logical call")
    attempts: tuple[Count, ...] | None = Field(None, description="These attempts of a logical call")
    turn: Count | None = Field(None, description="Calls of the n-th turn")
    share: Share | None = Field(None, description="This share of them, drawn by call identity")
    per: Literal["call", "attempt"] = Field(
        "call", description="Whether `share` is drawn per logical call or per attempt"
    )
    first: Count | None = Field(
        None, description="The first n requests of the operation in the session"
    )
    sequence: tuple[StatusCode | Literal["ok", "inject"], ...] | None = Field(
        None,
        description="What the 1st, 2nd, … request of the operation in the session meets: "
        "a status, `ok`, or `inject`",
    )
