"""How fast a model speaks: tokens per second, one rate drawn for each reply.

80                              always the same
{uniform: [40, 120]}            anything between, evenly
{median: 80, p1: 20}            lognormal, by the rate that 1 reply in 100 falls below
{median: 80, p99: 200}          lognormal, by the rate that 1 reply in 100 exceeds
{samples: [71.2, 80.5, 93.0]}   one of those recorded
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from evalkit.keyed import Draw
from evalkit.services.llm.speed import Speed

Tokens: TypeAlias = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
"""Tokens per second."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    def sample(self, draw: Draw) -> Speed:
        """The speed of one reply. The same draw gives the same one."""
        raise NotImplementedError


class FixedPace(_Model):
    """Always the same."""

    fixed: Tokens

    def sample(self, draw: Draw) -> Speed:
        """That rate."""
        del draw
        return Speed(self.fixed)


class UniformPace(_Model):
    """Anything from the first to the second, evenly."""

    uniform: tuple[Tokens, Tokens]

    @model_validator(mode="after")
    def _ordered(self) -> UniformPace:
        low, high = self.uniform
        if low > high:
            raise ValueError(f"{low:g} is faster than {high:g}")
        return self

    def sample(self, draw: Draw) -> Speed:
        """A rate between the two."""
        low, high = self.uniform
        return Speed(draw.uniform(low, high, "pace"))


class LognormalPace(_Model):
    """Half of the replies are faster than the median; `p1` or `p99` says how far they spread."""

    median: Tokens
    p1: Tokens | None = None
    p99: Tokens | None = None

    @model_validator(mode="after")
    def _one_spread(self) -> LognormalPace:
        if (self.p1 is None) == (self.p99 is None):
            raise ValueError("beside the median stands one of `p1` (slowest) and `p99` (fastest)")
        if self.p1 is not None and self.p1 > self.median:
            raise ValueError("the p1 is not faster than the median")
        if self.p99 is not None and self.p99 < self.median:
            raise ValueError("the p99 is not slower than the median")
        return self

    def sample(self, draw: Draw) -> Speed:
        """A rate of that distribution."""
        if self.p1 is None:
            return Speed(draw.lognormal(self.median, self.p99 or self.median, "pace"))
        # The lognormal is symmetric in its logarithm: p1 lies as far below the median as p99 above.
        return Speed(draw.lognormal(self.median, self.median**2 / self.p1, "pace"))


class RecordedPace(_Model):
    """One of the rates that were recorded, each as likely."""

    samples: Annotated[tuple[Tokens, ...], Field(min_length=1)]

    def sample(self, draw: Draw) -> Speed:
        """One of them."""
        return Speed(self.samples[draw.below(len(self.samples), "pace")])


_MODELS = {
    "fixed": FixedPace,
    "uniform": UniformPace,
    "median": LognormalPace,
    "samples": RecordedPace,
}


def _spelled_out(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"fixed": value}
    if isinstance(value, _Model) or (isinstance(value, Mapping) and _named(value)):
        return value
    raise ValueError(
        "tokens per second are a number like 80, or {uniform: [40, 120]}, {median: 80, p1: 20}, "
        "{median: 80, p99: 200} or {samples: [71.2, 80.5]}"
    )


def _named(value: Any) -> str | None:
    return next((name for name in _MODELS if name in value), None)


def _tag(value: Any) -> str | None:
    if isinstance(value, _Model):
        return next(name for name, model in _MODELS.items() if isinstance(value, model))
    return _named(value)


Pace: TypeAlias = Annotated[
    Annotated[FixedPace, Tag("fixed")]
    | Annotated[UniformPace, Tag("uniform")]
    | Annotated[LognormalPace, Tag("median")]
    | Annotated[RecordedPace, Tag("samples")],
    Discriminator(_tag),
    BeforeValidator(_spelled_out),
]
