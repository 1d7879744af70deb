"""What the tokens of a model call cost, from the price table that genai-prices ships.

The table is read offline. Prices change with the date and some with the hour, so a figure that is
to be the same tomorrow needs a fixed moment: `PRICED_AT`, which moves with releases of evalkit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from evalkit.wire import Usage

PRICED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The moment whose prices apply."""


def price_table() -> str:
    """Which price table is used, and the date of its prices: what a run records."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}, prices of {PRICED_AT:%Y-%m-%d}"


def price(model: str | None, usage: Usage) -> float | None:
    """US dollars for these tokens, or None where the model or its price is unknown."""
    return None if not model else _price(model, usage.input, usage.output)


@lru_cache(maxsize=4096)
def _price(model: str, tokens_in: int, tokens_out: int) -> float | None:
    import genai_prices

    usage = genai_prices.Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    try:
        found = genai_prices.calc_price(usage, model_ref=model, genai_request_timestamp=PRICED_AT)
    except LookupError:
        return None
    prices = found.model_price
    if prices.input_mtok is None and prices.output_mtok is None:
        return None  # known by name only
    return float(found.total_price)
