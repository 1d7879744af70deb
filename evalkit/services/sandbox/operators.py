"""The operators whose result can be far larger than their operands."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from evalkit.services.sandbox.meter import CURRENT, MAX_BITS, TooMuchError, checked, weigh

_MAX_WIDTH = 1000
_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?")


def add(left: Any, right: Any) -> Any:
    """`left + right`, not longer than a value may be."""
    _charge_both(left, right)
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        checked(weigh(left) + weigh(right))
    return operator.add(left, right)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`; a repetition not longer, a product not larger than one may be."""
    _charge_both(left, right)
    if isinstance(left, int) and isinstance(right, int):
        _refuse_bits(left.bit_length() + right.bit_length())
    for repeated, times in ((left, right), (right, left)):
        if isinstance(repeated, str | bytes | list | tuple) and isinstance(times, int):
            checked(weigh(repeated) * max(times, 0))
    return operator.mul(left, right)


def power(left: Any, right: Any) -> Any:
    """`left ** right` of numbers not larger than one may be."""
    _charge_both(left, right)
    if isinstance(left, int) and isinstance(right, int) and abs(left) > 1:
        _refuse_bits(left.bit_length() * abs(right))
    return operator.pow(left, right)


def modulo(left: Any, right: Any) -> Any:
    """`left % right`: a remainder, or a text formatted with bounded widths."""
    if isinstance(left, str):
        return printf(left, right)
    _charge_both(left, right)
    return operator.mod(left, right)


def printf(text: str, values: Any) -> str:
    """`text % values`, with no width or precision beyond reason."""
    _charge_both(text, values)
    fields = _CONVERSION.findall(text)
    for given in (number for field in fields for number in field):
        if given == "*" or (given and (len(given) > 4 or int(given) > _MAX_WIDTH)):
            raise TooMuchError(f"widths in a format are numbers up to {_MAX_WIDTH}")
    checked(len(text) + len(fields) * (weigh(values) + _MAX_WIDTH))
    return str(text % values)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "*": multiply,
    "**": power,
    "%": modulo,
}


def _charge_both(left: Any, right: Any) -> None:
    meter = CURRENT.get()
    meter.value(left)
    meter.value(right)


def _refuse_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TooMuchError(f"a number would be larger than {MAX_BITS} bits")
