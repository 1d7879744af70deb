"""Sums of money that do not drift.

A figure in a table is a float that was rounded once, from an exact amount. As long as that has no
more than fifteen digits, which is a price by the token times the tokens of a call, the shortest
text of the float is the amount again, so that sums and differences of it are exact, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

EXACT = Context(prec=60)
"""What amounts are computed in, whatever an agent has set as its own: more digits than any has."""


def amount(figure: float) -> Decimal:
    """The amount behind a figure."""
    return Decimal(repr(figure))


def total(figures: Iterable[float]) -> float:
    """The sum of these figures, rounded once."""
    found = Decimal(0)
    for each in figures:
        found = EXACT.add(found, amount(each))
    return float(found)


def settled(figure: float) -> float:
    """A figure made of many, to fifteen digits: what is beyond them is left over from floats."""
    return float(f"{figure:.15g}")


def difference(figure: float, other: float) -> float:
    """What one figure is more than the other, rounded once."""
    return float(EXACT.subtract(amount(figure), amount(other)))
