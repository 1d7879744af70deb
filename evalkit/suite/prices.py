"""A suite's own price file: what the tokens of models cost.

It is written in one of two forms. evalkit's own, in US dollars per million tokens:

    date: 2026-11-01
    prices:
      gpt-4o: {input: $2.50, cached: $1.25, output: $10}
      in-house/*: {input: $0, output: $0}

Or LiteLLM's (`model_prices_and_context_window.json`), in US dollars per token, of which what text
tokens cost is read and everything else is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from evalkit.suite.parts import Part
from evalkit.units import Money

MILLION = 1_000_000
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """US dollars per token, exactly. None is what the table says nothing of.

    `input` is of what is read, and `cached` and `cache_write` of the part of it that is read from a
    cache and into one; `output` is of what is written, and `reasoning` of the part of it that is
    thought and not said.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a model's tokens cost: of a prompt of more than so many tokens, other rates.

    `above` holds these by that number, in ascending order.
    """

    rates: Rates
    above: tuple[tuple[int, Rates], ...] = ()

    def rates_for(self, tokens_in: int) -> Rates:
        """The rates for a prompt of so many tokens: all of its tokens are priced by them."""
        beyond = [rates for start, rates in self.above if tokens_in > start]
        return beyond[-1] if beyond else self.rates


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """The prices of a file. `name` is what the suite calls it, `date` when they were looked up.

    A model is priced by its own name, else by the first glob that it fits.
    """

    name: str
    date: str | None
    models: Mapping[str, ModelPrice]
    globs: tuple[str, ...] = ()

    def find(self, model: str) -> ModelPrice | None:
        """The price of a model, or None where the file has none."""
        if model in self.models:
            return self.models[model]
        glob = next((each for each in self.globs if fnmatchcase(model, each)), None)
        return None if glob is None else self.models[glob]

    def __str__(self) -> str:
        return self.name if self.date is None else f"{self.name} of {self.date}"


# evalkit's own form ----------------------------------------------------------------------------


def _day(value: str) -> str:
    if re.fullmatch(_DATE, value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise ValueError(f'"{value}" is no date; allowed: one like 2026-11-01')


class PricePart(Part):
    """What a million tokens of a model cost."""

    input: Money | None = Field(None, description="Of what it reads")
    output: Money | None = Field(None, description="Of what it writes")
    cached: Money | None = Field(None, description="Of what it reads from a cache; else as `input`")
    cache_write: Money | None = Field(
        None, description="Of what it reads and writes to a cache; else as `input`"
    )
    reasoning: Money | None = Field(None, description="Of what it thinks; else as `output`")

    @model_validator(mode="after")
    def _priced(self) -> PricePart:
        if self.input is None and self.output is None:
            raise ValueError("a price has `input`, `output` or both")
        return self

    @property
    def rates(self) -> Rates:
        """The same by token."""
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return Rates(
            **{name: None if each is None else exact(each) / MILLION for name, each in given}
        )


class PriceFile(Part):
    """A price file in evalkit's own form."""

    date: Annotated[str, AfterValidator(_day)] = Field(
        description="When the prices were looked up", json_schema_extra={"pattern": f"^{_DATE}$"}
    )
    prices: Annotated[Mapping[str, PricePart], Field(min_length=1)] = Field(
        description="US dollars per million tokens, by a model's name or a glob over it"
    )

    def table(self, name: str) -> PriceTable:
        """The prices of the file that a suite calls so."""
        return PriceTable(
            name=name,
            date=self.date,
            models={model: ModelPrice(each.rates) for model, each in self.prices.items()},
            globs=tuple(each for each in self.prices if set("*?[") & set(each)),
        )


# LiteLLM's form --------------------------------------------------------------------------------

_SAMPLE = "sample_spec"
_ABOVE = re.compile(r"_above_([0-9]+)k_tokens$")
_COLUMNS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
}

Cost = Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]


class LiteLlmPart(BaseModel):
    """What LiteLLM's file says of a model, in US dollars per token."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow")
    __pydantic_extra__: dict[str, Any]

    input_cost_per_token: Cost | None = None
    output_cost_per_token: Cost | None = None
    cache_read_input_token_cost: Cost | None = None
    cache_creation_input_token_cost: Cost | None = None
    output_cost_per_reasoning_token: Cost | None = None

    @property
    def priced(self) -> bool:
        """Whether it is priced by the token at all; others are by the image or the second."""
        return self.input_cost_per_token is not None or self.output_cost_per_token is not None

    @property
    def price(self) -> ModelPrice:
        """What the model's tokens cost."""
        starts = {int(found[1]) for key in self.__pydantic_extra__ if (found := _ABOVE.search(key))}
        above = tuple((1000 * each, self._rates(f"_above_{each}k_tokens")) for each in starts)
        return ModelPrice(self._rates(), tuple(sorted(above, key=lambda each: each[0])))

    def _rates(self, suffix: str = "") -> Rates:
        """The rates above some number of tokens; what has none of its own there stays the same."""
        found = {name: self._cost(key, suffix) for name, key in _COLUMNS.items()}
        return Rates(
            **{name: None if each is None else exact(each) for name, each in found.items()}
        )

    def _cost(self, key: str, suffix: str) -> float | None:
        own: Any = self.__pydantic_extra__.get(f"{key}{suffix}") if suffix else None
        usual: float | None = getattr(self, key)
        return own if type(own) in (int, float) and own >= 0 else usual


class LiteLlmFile(BaseModel):
    """A price file in LiteLLM's form: by the name of a model."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow")
    __pydantic_extra__: dict[str, LiteLlmPart]

    @classmethod
    def looks_like(cls, value: Any) -> bool:
        """Whether a document is in this form rather than in evalkit's own."""
        if not isinstance(value, dict) or "prices" in value:
            return False
        entries = [each for each in value.values() if isinstance(each, dict)]
        return any({"litellm_provider", *_COLUMNS.values()} & each.keys() for each in entries)

    def table(self, name: str) -> PriceTable:
        """The prices of the file that a suite calls so. A model is found by its very name."""
        entries = self.__pydantic_extra__.items()
        models = {key: each.price for key, each in entries if key != _SAMPLE and each.priced}
        return PriceTable(name=name, date=None, models=models)


def exact(number: float) -> Decimal:
    """The number that was written, rather than the nearest that a float can hold."""
    return Decimal(repr(number))
