"""The filters and tests that templates have: those of Jinja2 that are bounded and depend on nothing
but their input, and a few that make up plausible data from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS

from evalkit.keyed import Draw, digest_of
from evalkit.services.bodies import json_text
from evalkit.services.sandbox.meter import CURRENT, TooMuchError, checked, weigh
from evalkit.services.sandbox.operators import printf
from evalkit.services.sandbox.values import plain, text_of

_FROM_JINJA = """
    abs capitalize count d default dictsort first float int items last length list lower map max
    min reject rejectattr reverse select selectattr sort title trim truncate unique upper
    urlencode wordcount
"""
_TESTS_FROM_JINJA = """
    != < <= == > >= boolean defined divisibleby eq equalto even false float ge greaterthan gt in
    integer iterable le lessthan lower lt mapping ne none number odd sameas sequence string true
    undefined upper
"""


def join(values: Iterable[Any], separator: Any = "", attribute: str | None = None) -> str:
    """The values as text, with the separator between them."""
    if attribute is not None:
        values = [value[attribute] for value in values]
    texts = [text_of(value) for value in values]
    checked(sum(map(len, texts)) + len(str(separator)) * len(texts))
    return str(separator).join(texts)


def replace(text: Any, old: Any, new: Any) -> str:
    """The text with every `old` replaced by `new`."""
    whole, old, new = text_of(text), text_of(old), text_of(new)
    checked(len(whole) + whole.count(old) * len(new))
    return whole.replace(old, new)


def round_(value: float, digits: int = 0) -> float | int:
    """The number rounded to so many digits; to an integer where none are asked for."""
    if not -20 <= digits <= 20:
        raise TooMuchError("round takes from -20 to 20 digits")
    return round(value, digits) if digits else round(value)


def sum_(values: Iterable[Any], attribute: str | None = None) -> Any:
    """The sum of numbers, or of one attribute of each."""
    numbers = [value[attribute] if attribute is not None else value for value in values]
    return sum(numbers)


def tojson(value: Any) -> str:
    """The value as JSON text."""
    return json_text(plain(value))


def digest(value: Any, length: int = 12) -> str:
    """Hexadecimal digits that depend on the value alone, to make ids of: up to 32."""
    return digest_of(tojson(value)).hex()[: max(1, min(length, 32))]


def number(value: Any, low: int, high: int) -> int:
    """An integer from low to high that depends on the value alone."""
    return low + Draw("number", tojson(value)).below(high - low + 1, "value")


def pick(value: Any, choices: Sequence[Any]) -> Any:
    """One of the choices; which one depends on the value alone."""
    return choices[Draw("pick", tojson(value)).below(len(choices), "value")]


def metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, charged for what it is given and gives, and with lists for its iterators."""

    ours = 1 if hasattr(function, "jinja_pass_arg") else 0  # Jinja's context comes first

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        meter = CURRENT.get()
        for value in args[ours:]:
            meter.value(value)
        for value in kwargs.values():
            meter.value(value)
        result = function(*args, **kwargs)
        if isinstance(result, Iterator):
            result = list(result)
        meter.charge(weigh(result))
        return result

    return run


_OWN: Mapping[str, Callable[..., Any]] = {
    "digest": digest,
    "format": lambda text, *values, **named: printf(text, named or values),
    "join": join,
    "number": number,
    "pick": pick,
    "replace": replace,
    "round": round_,
    "string": text_of,
    "sum": sum_,
    "tojson": tojson,
}

_THEIR_FILTERS: Mapping[str, Any] = JINJA_FILTERS
_THEIR_TESTS: Mapping[str, Any] = JINJA_TESTS

FILTERS: dict[str, Callable[..., Any]] = {
    **{name: metered(_THEIR_FILTERS[name]) for name in _FROM_JINJA.split()},
    **{name: metered(_OWN[name]) for name in _OWN},
}
TESTS: dict[str, Callable[..., Any]] = {
    name: metered(_THEIR_TESTS[name]) for name in _TESTS_FROM_JINJA.split()
}
