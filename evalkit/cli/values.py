"""What the values of options may be. Each raises `ArgumentTypeError` that says what is allowed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

ValueT = TypeVar("ValueT")


def positive(text: str) -> int:
    """A whole number above zero."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return number


def above_zero(text: str) -> float:
    """A number above zero, but not without end."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return number


def share(text: str) -> float:
    """A share from 0 to 1, written like `5%` or `0.05`."""
    from evalkit.units import parse_share

    return _parsed(parse_share, text)


def duration(text: str) -> int:
    """A time above zero in nanoseconds, written like `90s`."""
    from evalkit.units import parse_duration

    return _some(_parsed(parse_duration, text), f"{text!r} is no time to run for")


def arrival(text: str) -> float:
    """How much arrives in a second, written like `20/s`."""
    from evalkit.units import parse_rate

    return _some(_parsed(parse_rate, text), f"{text!r} lets nothing arrive")


def address_like(example: str) -> Callable[[str], tuple[str, int]]:
    """Reads a host and a port, as in the example."""

    def address(text: str) -> tuple[str, int]:
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise argparse.ArgumentTypeError(f"{text!r} is no address; write it like {example}")
        return host, int(port)

    return address


def _parsed(parse: Callable[[str], ValueT], text: str) -> ValueT:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _some(value: ValueT, refusal: str) -> ValueT:
    """The value, unless it is nothing."""
    if not value:
        raise argparse.ArgumentTypeError(refusal)
    return value
