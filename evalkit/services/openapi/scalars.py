"""Makes texts and numbers of a shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.openapi.formats import FORMATS
from evalkit.services.openapi.patterns import Unmade, matching
from evalkit.services.openapi.shapes import Shape

LONGEST = 100_000
"""The longest text that is made, in characters."""

_WORDS = (
    *("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper"),
    *("kernel", "lagoon", "meadow", "nectar", "orchard", "pebble", "quartz", "river", "summit"),
)
_SPAN = 1000


def make_text(shape: Shape, draw: Draw) -> str:
    """A text of the shape. Raises `Unmade`."""
    least, most = shape.limit("minLength") or 0, shape.limit("maxLength")
    if least > LONGEST:
        raise Unmade(f"a text of at least {least} characters is too long to make")
    for text in _texts(shape, draw, least, most):
        if least <= len(text) and (most is None or len(text) <= most) and _holds(shape, text):
            return text
    raise Unmade("no text was found that fits")


def _texts(shape: Shape, draw: Draw, least: int, most: int | None) -> Iterator[str]:
    for name in shape.formats:
        if name in FORMATS and (make := FORMATS[name].make) is not None:
            yield make(draw)
    for pattern in shape.patterns:
        for number in range(10):
            try:
                yield matching(pattern, draw.at(pattern, number))
            except Unmade:
                continue
    yield plain_text(draw, least, most)


def plain_text(draw: Draw, least: int = 0, most: int | None = None) -> str:
    """A word or two; more where more is asked for."""
    text = " ".join(_WORDS[draw.below(len(_WORDS), f"word {number}")] for number in range(2))
    while len(text) < least:
        text += " " + text
    return text[: max(least, 20 if most is None else min(most, 20))].rstrip().ljust(least, "x")


def _holds(shape: Shape, text: str) -> bool:
    if not all(re.search(pattern, text) for pattern in shape.patterns):
        return False
    known = [FORMATS[name] for name in shape.formats if name in FORMATS]
    return all(each.holds(text) for each in known if each.kind is str)


def make_number(shape: Shape, draw: Draw, *, whole: bool) -> int | float:
    """A number of the shape. Raises `Unmade`."""
    low, high = _bounds(shape, whole=whole)
    step = shape.limit("multipleOf")
    if whole and step is not None:
        step = Fraction(step.numerator)  # the least common multiple with 1
    step = step or (Fraction(1) if whole else Fraction(1, 100))
    if (number := _on_grid(low, high, step, shape, draw)) is not None:
        return int(number) if whole or number.denominator == 1 else float(number)
    if shape.limit("multipleOf") is None and not whole and low < high:
        return float((low + high) / 2)
    if low == high and not whole:
        return float(low)
    raise Unmade("no number fits between its limits")


def _bounds(shape: Shape, *, whole: bool) -> tuple[Fraction, Fraction]:
    lows = [shape.limit(name) for name in ("minimum", "exclusiveMinimum")]
    highs = [shape.limit(name) for name in ("maximum", "exclusiveMaximum")]
    low = max((Fraction(str(each)) for each in lows if each is not None), default=None)
    high = min((Fraction(str(each)) for each in highs if each is not None), default=None)
    if low is None and high is None:
        return Fraction(1), Fraction(_SPAN)
    if low is None:
        assert high is not None
        return min(Fraction(0), high - _SPAN) if high > 0 else high - _SPAN, high
    if high is None:
        return low, low + _SPAN
    del whole
    return low, high


def _on_grid(
    low: Fraction, high: Fraction, step: Fraction, shape: Shape, draw: Draw
) -> Fraction | None:
    """A multiple of the step between the limits; the limits themselves only if they are allowed."""
    first, last = ceil(low / step), floor(high / step)
    exclusive: list[Any] = [shape.limit("exclusiveMinimum"), shape.limit("exclusiveMaximum")]
    under, over = (None if each is None else Fraction(str(each)) for each in exclusive)
    if under is not None and first * step <= under:
        first += 1
    if over is not None and last * step >= over:
        last -= 1
    return None if first > last else (first + draw.below(last - first + 1, "number")) * step
