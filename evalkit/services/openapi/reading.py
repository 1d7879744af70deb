"""From the text of a contract to its value, fast.

A contract can have megabytes, so its value is built from the parser's events alone; where in the
file a part of it stands is worked out only for what is wrong. What a scalar means is YAML 1.2, as
in suites.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from evalkit.errors import SuiteError
from evalkit.suite.compose import MAX_DEPTH, compose, mark_of
from evalkit.suite.scalars import read_scalar
from evalkit.suite.source import Mark, Source

if TYPE_CHECKING:
    from yaml import SafeLoader as _FastLoader
else:
    _FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_ALIASED = 100_000
"""How many values aliases may add to what is written."""


def read_value(source: Source) -> Any:
    """The value of a YAML or JSON text. Raises `SuiteError`."""
    if source.text.lstrip()[:1] in ("{", "["):
        try:
            return _read_json(source)
        except (ValueError, RecursionError):
            pass  # what is no JSON may still be YAML, and if not, YAML says where
    return _read_yaml(source)


def _read_json(source: Source) -> Any:
    value = json.loads(source.text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise ValueError("nested too deep")


def _read_yaml(source: Source) -> Any:
    builder = _Builder(source)
    try:
        for event in yaml.parse(source.text, Loader=_FastLoader):
            builder.take(event)
    except (yaml.YAMLError, ValueError, OverflowError):
        compose(source)  # says it in plain words
        raise SuiteError([source.problem(Mark(1, 1), "this is not YAML")]) from None
    if not builder.finished:
        source.refuse(Mark(1, 1), "the file is empty")
    return builder.root


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read. `size` counts all values in it."""

    value: Any
    anchor: str | None
    key: str | None = None
    size: int = 1


@dataclass(slots=True)
class _Builder:
    """Builds the value from events. Aliases share what they name, counted as if written out."""

    source: Source
    root: Any = None
    finished: bool = False
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    aliased: int = 0

    def take(self, event: Any) -> None:
        """One event more. Raises `SuiteError`."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._begin({}, event)
        elif kind is yaml.SequenceStartEvent:
            self._begin([], event)
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            done = self.stack.pop()
            self._put(done.value, event, done.size, done.anchor)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent and self.finished:
            self._refuse(event, "a second document begins here; a file holds one")

    def _begin(self, value: Any, event: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(event, f"nested too deep; allowed: {MAX_DEPTH} levels")
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            self._refuse(event, "a key must be a text")
        self._check_tag(event)
        self.stack.append(_Open(value, event.anchor))

    def _scalar(self, event: Any) -> None:
        self._check_tag(event)
        holder = self.stack[-1] if self.stack else None
        if holder is not None and holder.key is None and isinstance(holder.value, dict):
            self._key(holder, event)
            return
        text = event.value
        try:
            text.encode()
            value = text if event.style else read_scalar(text)
        except UnicodeEncodeError:
            self._refuse(event, "half of a surrogate pair is no text")
        except ValueError as error:
            self._refuse(event, str(error))
        self._put(value, event, 1, event.anchor)

    def _key(self, holder: _Open, event: Any) -> None:
        name = event.value
        if name == "<<" and not event.style:
            self._refuse(event, "YAML 1.2 has no merge keys (<<); write the keys out")
        if name in holder.value:
            self._refuse(event, f'"{name}" is written twice')
        try:
            name.encode()
        except UnicodeEncodeError:
            self._refuse(event, "half of a surrogate pair is no text")
        if event.anchor is not None:
            self.anchors[event.anchor] = (name, 1)
        holder.key = name

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._refuse(event, f"the alias *{event.anchor} names nothing before it")
        value, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self._refuse(event, f"aliases repeat too much; allowed: {MAX_ALIASED} values")
        holder = self.stack[-1] if self.stack else None
        if holder is not None and holder.key is None and isinstance(holder.value, dict):
            self._refuse(event, "a key must be written out")
        self._put(value, event, size, None)

    def _put(self, value: Any, event: Any, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.root, self.finished = value, True
            return
        holder = self.stack[-1]
        holder.size += size
        if isinstance(holder.value, list):
            holder.value.append(value)
            return
        if holder.key is None:
            self._refuse(event, "a key must be a text")
        holder.value[holder.key] = value
        holder.key = None

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            name = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"the YAML tag {name} is not allowed; remove it")

    def _refuse(self, event: Any, message: str) -> NoReturn:
        self.source.refuse(mark_of(event.start_mark), message)
