"""How much work and memory a template may take.

Jinja's sandbox keeps a template away from Python's internals but not from `"a" * 10**9` or loops in
loops. So everything that costs is charged to the meter of the rendering under way: each loop step,
call, filter and operator costs a constant and the weight of the values it handles; no single value
may weigh more than `MAX_WEIGHT`. A hostile template ends in `TooMuchError` after about a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

MAX_WEIGHT = 1 << 20
"""What one value may weigh: its characters, and `ITEM` for each item, through all nesting."""

ITEM = 8
"""What an item of a list or a mapping weighs beside its characters."""

MAX_WORK = 1 << 23
"""What one rendering may spend."""

STEP = 64
"""What one step of a loop, one call or one operator costs beside the values it handles."""

MAX_BITS = 4096
"""The size of a computed integer."""


class TooMuchError(Exception):
    """The template asks for more work or memory than any sensible one."""


class Meter:
    """What one rendering has spent, the variables that it sees, and Jinja's context of them."""

    __slots__ = ("context", "left", "variables")

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.left = MAX_WORK
        self.variables = variables
        self.context: Any = None

    def step(self) -> None:
        """Charge one step."""
        self.charge(STEP)

    def value(self, value: Any) -> None:
        """Charge a step and the weight of a value."""
        self.charge(STEP + weigh(value))

    def charge(self, units: int) -> None:
        """Charge this much. Raises `TooMuchError` when nothing is left."""
        self.left -= units
        if self.left < 0:
            raise TooMuchError(
                "the template does more work than one may: are there loops in loops?"
            )


CURRENT: ContextVar[Meter] = ContextVar("evalkit_template_meter")


def weigh(value: Any) -> int:
    """The weight of a value. Raises `TooMuchError` where it is beyond what one value may weigh."""
    kind = type(value)
    if kind is str:
        return checked(len(value))
    if kind in _LIGHT:
        return ITEM
    return _weigh_nested(value)


def checked(weight: int) -> int:
    """The weight of a value to be. Raises `TooMuchError` where none may be that large."""
    if weight > MAX_WEIGHT:
        raise TooMuchError(f"a value would be too large (over {MAX_WEIGHT:,} characters)")
    return weight


_LIGHT = frozenset({bool, float, type(None)})


def _weigh_nested(value: Any) -> int:
    total, rest = 0, [value]
    while rest:
        each = rest.pop()
        total += ITEM
        if isinstance(each, str | bytes):
            total += len(each)
        elif isinstance(each, int):
            total += each.bit_length() >> 3
        elif isinstance(each, range):
            total += ITEM * len(each)
        elif isinstance(each, list | tuple):
            checked(total + ITEM * len(each))
            rest.extend(each)
        elif isinstance(each, Mapping):
            checked(total + 2 * ITEM * len(each))
            rest.extend(each)
            rest.extend(each.values())
        checked(total)
    return total
