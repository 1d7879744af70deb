"""What a gate asks of a row's labels: conditions, joined with `and`, `or` and parentheses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from evalkit.gate.tokens import quoted
from evalkit.metrics.rows import FAULT_SEPARATOR, MODEL_SEPARATOR

LabelOp: TypeAlias = Literal["=", "!="]

_SEPARATORS = {"fault": FAULT_SEPARATOR, "model": MODEL_SEPARATOR}
"""Of the labels of which a row may have several values."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a row's labels. The value `none` means that the row has no such label.

    The value is a glob (`*`, `?`, `[abc]`) that also matches itself. `exact` takes it as it is.
    """

    label: str
    op: LabelOp
    value: str
    exact: bool = False

    def matches(self, text: str) -> bool:
        """Whether this value of the label is the one named, whichever way that is asked."""
        return text == self.value or (not self.exact and fnmatchcase(text, self.value))

    def holds(self, text: str) -> bool:
        """Whether a row whose label has this text meets it. Of several values, it has each."""
        return any(map(self.matches, values_of(self.label, text))) == (self.op == "=")

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds where all of its parts do."""

    parts: tuple[Where, ...]

    def __str__(self) -> str:
        return " and ".join(f"({each})" if isinstance(each, AnyOf) else f"{each}" for each in self)

    def __iter__(self) -> Iterator[Where]:
        return iter(self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one of its parts does."""

    parts: tuple[Where, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self))

    def __iter__(self) -> Iterator[Where]:
        return iter(self.parts)


Where: TypeAlias = Condition | AllOf | AnyOf
"""A condition, or several joined."""


def values_of(label: str, text: str) -> tuple[str, ...]:
    """The values that a row has of a label with this text: several of faults, or of models."""
    separator = _SEPARATORS.get(label)
    return (text,) if separator is None else tuple(text.split(separator))


def conditions_of(where: Where | None) -> Iterator[Condition]:
    """The conditions that it is made of, from left to right."""
    if isinstance(where, Condition):
        yield where
    elif where is not None:
        for each in where:
            yield from conditions_of(each)


def joined(kind: type[AllOf | AnyOf], parts: Iterable[Where]) -> Where:
    """The parts as one, without parentheses that say nothing."""
    flat: list[Where] = []
    for each in parts:
        flat += each.parts if isinstance(each, kind) else [each]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def narrowed(where: Where | None, condition: Condition) -> Where:
    """The same with one more condition, which has to hold as well."""
    return condition if where is None else joined(AllOf, [where, condition])


def can_hold(where: Where | None, label: str, text: str) -> bool:
    """Whether a row whose label has this text could meet it, whatever its other labels."""
    return where is None or _holds(where, lambda each: each.label != label or each.holds(text))


def _holds(where: Where, met: Callable[[Condition], bool]) -> bool:
    if isinstance(where, Condition):
        return met(where)
    parts = (_holds(each, met) for each in where)
    return all(parts) if isinstance(where, AllOf) else any(parts)
