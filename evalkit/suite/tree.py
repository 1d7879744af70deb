"""From YAML nodes to plain values, and from places in the value back to places in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from evalkit.suite.compose import BARE_TEMPLATE, MAX_DEPTH, compose, mark_of
from evalkit.suite.problems import Problem
from evalkit.suite.scalars import read_scalar
from evalkit.suite.source import Mark, Source

MAX_ALIASED = 10_000
"""How many values aliases may add to what is written."""

Where: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Tells where in the file a value stands, or its key."""

    root: yaml.Node

    def mark(self, where: Where, *, at_key: bool = False) -> Mark:
        """The place of the value at `where`; of what is nearest to it where there is none.

        With `at_key`, the place of the key that it stands under.
        """
        node, found = self.root, mark_of(self.root.start_mark)
        for step in where:
            if (pair := _child(node, step)) is None:
                break
            name, node = pair
            found = mark_of((name if at_key else node).start_mark)
        return found


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's value, where its parts stand, and the mistakes in how it is written.

    `broken` holds the places whose value is not what was meant, so that nothing more need be
    said about them.
    """

    value: Any
    marks: SourceMap
    problems: tuple[Problem, ...] = ()
    broken: frozenset[Where] = frozenset()


def read_tree(source: Source) -> Tree:
    """The tree of a YAML text. Raises `SuiteError` where there is none to be had."""
    root, problems = compose(source)
    builder = _Builder(source, problems)
    value = builder.build(root, ())
    return Tree(
        value, SourceMap(root), tuple(dict.fromkeys(builder.problems)), frozenset(builder.broken)
    )


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value under this step; an item of a list is its own key."""
    if isinstance(node, yaml.MappingNode):
        named = (pair for pair in node.value if pair[0].value == str(step))
        return next(named, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step],) * 2 if 0 <= step < len(node.value) else None
    return None


@dataclass(slots=True)
class _Builder:
    source: Source
    problems: list[Problem]
    broken: set[Where] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    aliased: int = 0

    def build(self, node: yaml.Node, where: Where) -> Any:
        """The value of a node."""
        self._count(node, where)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*where, at)) for at, item in enumerate(node.value)]
        return self._scalar(node, where)

    def _count(self, node: yaml.Node, where: Where) -> None:
        self.aliased += id(node) in self.seen
        self.seen.add(id(node))
        at = mark_of(node.start_mark)
        if self.aliased > MAX_ALIASED:
            self.source.refuse(at, f"aliases repeat too much; allowed: {MAX_ALIASED} values")
        if len(where) > MAX_DEPTH:
            self.source.refuse(at, f"nested too deep; allowed: {MAX_DEPTH} levels, aliases counted")

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        text = str(node.value)
        try:
            text.encode()
            return text if getattr(node, "style", None) else read_scalar(text)
        except UnicodeEncodeError:
            return self._break(node, where, "half of a surrogate pair is no text")
        except ValueError as error:
            return self._break(node, where, str(error))

    def _mapping(self, node: yaml.MappingNode, where: Where) -> Any:
        if node.flow_style and any(isinstance(key, yaml.MappingNode) for key, _ in node.value):
            return self._break(node, where, BARE_TEMPLATE)
        value: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key, item in node.value:
            if (name := self._key(key)) is None:
                continue
            if name in value:
                again = f'"{name}" is written twice; first in line {first[name]}'
                self._complain(key, again)
                continue
            first[name] = mark_of(key.start_mark).line
            value[name] = self.build(item, (*where, name))
        return value

    def _key(self, key: yaml.Node) -> str | None:
        if not isinstance(key, yaml.ScalarNode):
            self._complain(key, "a key must be a text")
            return None
        if key.value == "<<" and not key.style:
            self._complain(key, "YAML 1.2 has no merge keys (<<); write the keys out")
            return None
        try:
            key.value.encode()
        except UnicodeEncodeError:
            self._complain(key, "half of a surrogate pair is no text")
            return None
        return str(key.value)

    def _break(self, node: yaml.Node, where: Where, message: str) -> str:
        self._complain(node, message)
        self.broken.add(where)
        return ""

    def _complain(self, node: yaml.Node, message: str) -> None:
        self.problems.append(self.source.problem(mark_of(node.start_mark), message))
