"""A schema that tells apart those that are made of it: OpenAPI's `discriminator` without branches.

Such a base is named in the `allOf` of others. Where a value may be of the base, it may be of any of
those and must be of the one that it says it is: they are read as branches of a `oneOf`, together
with what the mapping leads to and with the base itself. Where a schema is made of the base, that is
a part of it and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.services.openapi.discriminators import CHOICES, address_of, mapping_of
from evalkit.services.openapi.document import Document, Node
from evalkit.suite.problems import closest

COMPONENTS = ("components", "schemas")
"""Where schemas have names."""

_Resolved: TypeAlias = Callable[[Node], Node | None]
_Refuse: TypeAlias = Callable[[Node, str, str], None]


def is_base(value: Any) -> bool:
    """Whether a schema tells apart those that are made of it."""
    told = value.get("discriminator") if isinstance(value, dict) else None
    has_branches = told is not None and any(name in value for name in CHOICES)
    return isinstance(told, dict) and "propertyName" in told and not has_branches


@dataclass(frozen=True, slots=True)
class Kinds:
    """The schemas that a base tells apart, itself among them, and what a form keeps of that."""

    nodes: tuple[Node, ...]
    told: dict[str, Any]


def read_base(
    node: Node, derived: Sequence[Node], resolved: _Resolved, refuse: _Refuse
) -> Kinds | None:
    """What the discriminator of a base says, from which these schemas are derived; None where there
    are none, or where it is wrong.
    """
    given = node.value["discriminator"]
    if not isinstance(given["propertyName"], str):
        refuse(node, "a discriminator has a `propertyName`", "discriminator")
        return None
    kinds: dict[Any, Node] = {each.key: each for each in derived}
    values: dict[str, Any] = {}
    for value, target in mapping_of(given):
        found = resolved(Node(node.document, node.where, {"$ref": address_of(target)}))
        if found is None:
            near = closest(target.rpartition("/")[2], [str(each.where[-1]) for each in derived])
            hint = f"; did you mean {near}?" if near else ""
            refuse(node, f"`{value}` leads to no schema{hint}", "discriminator")
            return None
        kinds.setdefault(found.key, found)
        values[value] = found.key
    if not kinds:
        return None
    kinds.setdefault(node.key, node)
    for key, each in kinds.items():
        if key not in values.values():
            values.setdefault(str(each.where[-1]), key)
    order = list(kinds)
    branches = {value: order.index(key) for value, key in values.items()}
    told = {"propertyName": given["propertyName"], "branches": branches}
    return Kinds(tuple(kinds.values()), {**told, "base": order.index(node.key)})


class Derived:
    """Which schemas are made of which, document by document."""

    def __init__(self, resolved: _Resolved) -> None:
        self._resolved = resolved
        self._of: dict[Path, Mapping[Any, tuple[Node, ...]]] = {}

    def of(self, node: Node) -> tuple[Node, ...]:
        """The schemas of its document that are made of the one at a node, directly or not."""
        path = node.document.path
        if path not in self._of:
            self._of[path] = _derived_from(_named(node.document), self._resolved)
        return self._of[path].get(node.key, ())


def _named(document: Document) -> Iterator[Node]:
    """The schemas of a document that have names."""
    root = Node(document, (), document.value)
    value = root.value
    for step in COMPONENTS:
        value = value.get(step) if isinstance(value, dict) else None
    for name in value if isinstance(value, dict) else ():
        yield root.at(*COMPONENTS, name)


def _derived_from(schemas: Iterable[Node], resolved: _Resolved) -> Mapping[Any, tuple[Node, ...]]:
    """Which of these schemas are made of which, by the key of that: those that name it in their
    `allOf`, and those that are made of them.
    """
    nodes = {each.key: each for each in schemas}
    parents = {key: list(_parents(each, resolved)) for key, each in nodes.items()}
    found: dict[Any, dict[Any, Node]] = {}
    for key, node in nodes.items():
        waiting, met = list(parents[key]), {key}
        while waiting:
            parent = waiting.pop()
            if parent not in met:
                met.add(parent)
                found.setdefault(parent, {})[key] = node
                waiting += parents.get(parent, ())
    return {key: tuple(each.values()) for key, each in found.items()}


def _parents(node: Node, resolved: _Resolved) -> Iterator[Any]:
    """The keys of what a schema names in its `allOf`, however deep."""
    parts = node.value.get("allOf") if isinstance(node.value, dict) else None
    for place, each in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(each, dict) and isinstance(each.get("$ref"), str):
            found = resolved(node.at("allOf", place))
            if found is not None:
                yield found.key
        else:
            yield from _parents(node.at("allOf", place), resolved)


def extends(node: Node) -> bool:
    """Whether the `allOf` of a schema makes another of what it names, and more than names it."""
    parts = node.value["allOf"]
    several = isinstance(parts, list) and len(parts) > 1
    return several or "properties" in node.value or node.where[:-1] == COMPONENTS
