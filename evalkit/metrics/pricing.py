"""What the tokens of a model call cost: by the suite's own price file, else by genai-prices.

Both are read offline. Prices change with the date and some with the hour, so a figure that is to be
the same tomorrow needs a fixed moment: `PRICED_AT`, which moves with releases of evalkit.

No token is priced twice. `Usage` counts as OpenAI does: of the tokens read, those from a cache are
a part, and of the tokens written, those of reasoning (`cached_tokens` and `reasoning_tokens`, in
the details of its `usage`). Anthropic's `input_tokens` leave out what was read from a cache and
written to one, which have to be added (its guide to prompt caching), and `output_tokens` are
inclusive and what is billed (its `usage`). Gemini's `promptTokenCount` includes
`cachedContentTokenCount`, and `thoughtsTokenCount` stands beside `candidatesTokenCount` (its
`UsageMetadata`). All three bill reasoning as output; a table may still price it apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from functools import lru_cache

from evalkit.metrics.money import EXACT
from evalkit.services.base import ServiceInfo
from evalkit.suite.prices import ModelPrice, PriceTable
from evalkit.wire import Usage

PRICED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The moment whose prices apply."""

LIST = "genai-prices"
"""What the list of prices is called that needs no file."""


@dataclass(frozen=True, slots=True)
class Priced:
    """US dollars, exactly, and the table that they are from: a file as the suite calls it, or the
    name of the list.
    """

    cost: Decimal
    by: str


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices that a suite goes by: its own, if it has any, before those of the list.

    A model that its own file names is priced by it or not at all.
    """

    own: PriceTable | None = None

    def __call__(self, model: str | None, usage: Usage) -> Priced | None:
        """What these tokens cost, or None where the model or a price that it takes is unknown."""
        if not model:
            return None
        found = None if self.own is None else self.own.find(model)
        if self.own is None or found is None:
            return _priced(list_cost(model, usage), LIST)
        return _priced(cost_by(found, usage), self.own.name)

    def knows(self, model: str) -> bool:
        """Whether a model has a price at all."""
        return (self.own is not None and self.own.find(model) is not None) or _listed(model)

    def needs_list(self, models: Iterable[ServiceInfo]) -> bool:
        """Whether these models may be priced by the list: it takes time to import."""
        own = self.own
        return any(own is None or not each.price or not own.find(each.price) for each in models)

    def __str__(self) -> str:
        """The tables, with their dates: what a run records."""
        return price_table() if self.own is None else f"{self.own}, then {price_table()}"


def price_table() -> str:
    """Which list of prices is used, and the date of its prices."""
    from importlib.metadata import version

    return f"{LIST} {version('genai-prices')}, prices of {PRICED_AT:%Y-%m-%d}"


def _priced(cost: Decimal | None, by: str) -> Priced | None:
    return None if cost is None else Priced(cost, by)


# By a file ---------------------------------------------------------------------------------------


def cost_by(price: ModelPrice, usage: Usage) -> Decimal | None:
    """US dollars for these tokens, each priced as what it is; None where one has no price."""
    rates = price.rates_for(usage.input)
    parts = (
        (usage.input - usage.cached - usage.cache_write, rates.input),
        (usage.cached, _or(rates.cached, rates.input)),
        (usage.cache_write, _or(rates.cache_write, rates.input)),
        (usage.output - usage.reasoning, rates.output),
        (usage.reasoning, _or(rates.reasoning, rates.output)),
    )
    cost = Decimal(0)
    for tokens, rate in parts:
        if tokens < 0 or (tokens and rate is None):
            return None  # it contradicts itself, or there is no telling
        cost = EXACT.add(cost, EXACT.multiply(tokens, rate or 0))
    return cost


def _or(rate: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if rate is None else rate


# By the list -------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def list_cost(model: str, usage: Usage) -> Decimal | None:
    """US dollars for these tokens by the list, or None where it does not say."""
    import genai_prices

    if usage.cached + usage.cache_write > usage.input or usage.reasoning > usage.output:
        return None  # it contradicts itself; the list looks at the parts only if it prices them

    tokens = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
        output_reasoning_tokens=usage.reasoning or None,
    )
    try:
        with localcontext(EXACT):
            found = genai_prices.calc_price(
                tokens,
                model_ref=model,
                provider_id="litellm" if "/" in model else None,  # whose names are PROVIDER/MODEL
                genai_request_timestamp=PRICED_AT,
            )
    except LookupError:
        return None
    prices = found.model_price
    unsaid = (usage.input and prices.input_mtok is None) or (
        usage.output and prices.output_mtok is None
    )
    known = prices.input_mtok is not None or prices.output_mtok is not None
    return found.total_price if known and not unsaid else None


def _listed(model: str) -> bool:
    return list_cost(model, Usage(input=0, output=0)) is not None
