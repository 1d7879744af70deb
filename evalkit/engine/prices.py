"""The prices that a suite goes by, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.errors import SuiteError
from evalkit.metrics.context import is_model
from evalkit.metrics.pricing import Prices
from evalkit.services import ServiceInfo
from evalkit.suite import Loaded, Problem
from evalkit.suite.model import Suite
from evalkit.suite.price_file import load_prices


def prices_of(loaded: Loaded[Suite]) -> Prices:
    """The prices of a suite. Raises `SuiteError` with every mistake in its price file."""
    name = loaded.value.prices
    if name is None:
        return Prices()
    path = loaded.path.parent / name
    if path.is_file():
        return Prices(load_prices(path, name))
    beside = sorted(each.name for each in path.parent.glob("*"))
    message = f"there is no file {path}"
    problem = loaded.problem(("prices",), message, allowed=beside, given=path.name)
    raise SuiteError([problem])


def price_problems(
    loaded: Loaded[Suite], services: Sequence[ServiceInfo], prices: Prices
) -> Iterator[Problem]:
    """The services that are to be priced as a model that has no price, or that are none."""
    for each in services:
        where = ("services", each.name, "price")
        if each.price is None:
            continue
        if not is_model(each.kind):
            message = f"a service of the kind {each.kind} costs nothing; a price is for a model"
            yield loaded.problem(where, message)
        elif not prices.knows(each.price):
            known = () if prices.own is None else tuple(prices.own.models)
            message = f"no model named {each.price} has a price in {prices}"
            yield loaded.problem(where, message, allowed=known, given=each.price)
