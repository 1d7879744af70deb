"""Texts that only name values, as most do: `{{ path.id }}`, `Order {{ body.id }} of {{ body.by }}`.

Where every name leads through dicts to a text, a whole number, a truth value or null, what Jinja
would make of the text can be looked up without it. In all other cases (a name that is missing, a
method, a list) nothing is found here, and Jinja is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from jinja2 import nodes

Part: TypeAlias = str | tuple[str, ...]
"""A text as it is, or the names that lead to a value."""

_LIGHT, _SMALL = 256, 1 << 64
"""How long a text, and how large a number, costs nothing worth counting."""

_SIMPLE = frozenset({str, bool, int, type(None)})


def parts_of(tree: nodes.Template) -> tuple[Part, ...] | None:
    """The parts of a text that only names values; None of any other."""
    match tree.body:
        case [nodes.Output(nodes=pieces)]:
            parts = [_part(each) for each in pieces]
            return None if None in parts else tuple(part for part in parts if part is not None)
    return None


def _part(node: nodes.Expr) -> Part | None:
    if isinstance(node, nodes.TemplateData):
        return node.data
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        names.append(node.attr)
        node = node.node
    if not isinstance(node, nodes.Name):
        return None
    return (node.name, *reversed(names))


def light(path: Sequence[str], variables: Mapping[str, Any]) -> tuple[Any] | None:
    """The value that one name leads to, where it weighs next to nothing: what it adds to the bound
    of a rendering is less than the definition itself. None of any other.
    """
    value: Any = variables
    for name in path:
        if type(value) is not dict or name not in value:
            return None
        value = value[name]
    kind = type(value)
    if kind is str:
        return (value,) if len(value) <= _LIGHT else None
    if kind is int:
        return (value,) if -_SMALL < value < _SMALL else None
    return (value,) if value is None or kind is bool else None


def looked_up(parts: Sequence[Part], variables: Mapping[str, Any]) -> list[Any] | None:
    """The values of all parts; None where any has to be asked of Jinja."""
    found: list[Any] = []
    for part in parts:
        value: Any = part
        if type(part) is tuple:
            value = variables
            for name in part:
                if type(value) is not dict or name not in value:
                    return None
                value = value[name]
            if type(value) not in _SIMPLE:
                return None
        found.append(value)
    return found
