"""How long a service takes: one small model each, read from YAML and sampled by call identity.

80ms                            always the same
{uniform: [10ms, 50ms]}         anything between, evenly
{median: 80ms, p99: 400ms}      lognormal: the long tail of most real services
{exponential: 50ms}             by its mean: arrivals at something busy
{samples: [80ms, 95ms, 2s]}     one of those recorded, each as likely
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
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalkit.keyed import Draw
from evalkit.units import DURATION_PATTERN, Duration, format_duration


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    def sample(self, draw: Draw) -> int:
        """A latency in nanoseconds. The same draw gives the same one."""
        raise NotImplementedError


class Fixed(_Model):
    """Always the same."""

    fixed: Duration

    def sample(self, draw: Draw) -> int:
        """That duration."""
        del draw
        return self.fixed


class Uniform(_Model):
    """Anything from the first to the second, evenly."""

    uniform: tuple[Duration, Duration]

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        low, high = self.uniform
        if low > high:
            raise ValueError(f"{format_duration(low)} is longer than {format_duration(high)}")
        return self

    def sample(self, draw: Draw) -> int:
        """A duration between the two."""
        low, high = self.uniform
        return round(draw.uniform(low, high, "latency"))


class Lognormal(_Model):
    """Half are below the median and one in a hundred above the p99."""

    median: Duration
    p99: Duration

    @model_validator(mode="after")
    def _ordered(self) -> Lognormal:
        if not 0 < self.median <= self.p99:
            raise ValueError("the median is above 0s and not longer than the p99")
        return self

    def sample(self, draw: Draw) -> int:
        """A duration of that distribution."""
        return round(draw.lognormal(self.median, self.p99, "latency"))


class Exponential(_Model):
    """By its mean."""

    exponential: Duration

    def sample(self, draw: Draw) -> int:
        """A duration of that distribution."""
        return round(draw.exponential(self.exponential, "latency"))


class Recorded(_Model):
    """One of the latencies that were recorded, each as likely."""

    samples: Annotated[tuple[Duration, ...], Field(min_length=1)]

    def sample(self, draw: Draw) -> int:
        """One of them."""
        return self.samples[draw.below(len(self.samples), "latency")]


_MODELS = {
    "fixed": Fixed,
    "uniform": Uniform,
    "median": Lognormal,
    "exponential": Exponential,
    "samples": Recorded,
}


def _spelled_out(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return {"fixed": value}
    if isinstance(value, _Model) or (isinstance(value, Mapping) and _named(value)):
        return value
    raise ValueError(
        "a latency is a duration like 80ms, or {uniform: [10ms, 50ms]}, "
        "{median: 80ms, p99: 400ms}, {exponential: 50ms} or {samples: [80ms, 2s]}"
    )


def _named(value: Any) -> str | None:
    return next((name for name in _MODELS if name in value), None)


def _tag(value: Any) -> str | None:
    if isinstance(value, _Model):
        return next(name for name, model in _MODELS.items() if isinstance(value, model))
    return _named(value)


class _Bare:
    """Adds the duration alone to the JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        alone = {"type": "string", "pattern": DURATION_PATTERN, "examples": ["80ms"]}
        return {"anyOf": [alone, handler(core)]}


Latency: TypeAlias = Annotated[
    Annotated[Fixed, Tag("fixed")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Lognormal, Tag("median")]
    | Annotated[Exponential, Tag("exponential")]
    | Annotated[Recorded, Tag("samples")],
    Discriminator(_tag),
    BeforeValidator(_spelled_out),
    _Bare(),
]
