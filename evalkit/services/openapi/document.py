"""Contract documents and the references between them.

A reference leads into the same file or another file below one of the folders that are allowed. It
is a JSON pointer (RFC 6901) in a fragment, or the name of an `$anchor`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from evalkit.errors import SuiteError
from evalkit.services.openapi.reading import read_value
from evalkit.suite.compose import compose
from evalkit.suite.problems import Problem, closest
from evalkit.suite.source import Mark, Source, read_bytes
from evalkit.suite.tree import SourceMap, Where

MAX_BYTES = 20_000_000
"""The largest contract that is read."""

_INDEX = re.compile("[0-9]{1,9}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class Unresolved(ValueError):
    """A reference leads nowhere; the message says why."""


class Document:
    """One file of a contract."""

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self._source = source
        self.value = read_value(source)

    def problem(self, where: Where, message: str, *, at_key: bool = False) -> Problem:
        """A problem at this place of the file."""
        mark = Mark(1, 1) if self._marks is None else self._marks.mark(where, at_key=at_key)
        return self._source.problem(mark, message)

    @cached_property
    def _marks(self) -> SourceMap | None:
        try:
            return SourceMap(compose(self._source)[0])
        except SuiteError:  # JSON that the YAML parser cannot read
            return None

    @cached_property
    def anchors(self) -> Mapping[str, Where]:
        """The places of its `$anchor`s."""
        return dict(_anchors(self.value, ()))


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the place where it stands in a document."""

    document: Document
    where: Where
    value: Any

    def at(self, *steps: str | int) -> Node:
        """What stands further in. Raises `KeyError` or `IndexError` where nothing does."""
        value = self.value
        for step in steps:
            value = value[step]
        return Node(self.document, (*self.where, *steps), value)

    @property
    def key(self) -> tuple[Path, Where]:
        """What tells it from every other place."""
        return self.document.path, self.where

    @property
    def place(self) -> str:
        """Its place to read: `paths./charges.post.requestBody`."""
        return ".".join(map(str, self.where)) or "the document"

    def problem(self, message: str, *, at_key: bool = False) -> Problem:
        """A problem at this place."""
        named = f"{self.place}: {message}" if self.where else message
        return self.document.problem(self.where, named, at_key=at_key)


class Library:
    """The documents of a contract, each read once."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(folder.resolve() for folder in folders)
        self._documents: dict[Path, Document] = {}

    def open(self, path: Path) -> Document:
        """The document in a file. Raises `SuiteError`."""
        key = path.resolve()
        if key not in self._documents:
            source = Source.decoded(read_bytes(path, MAX_BYTES), str(path), MAX_BYTES)
            self._documents[key] = Document(path, source)
        return self._documents[key]

    def resolved(self, node: Node) -> Node:
        """What the node is: itself, or where its reference leads in the end.

        Raises `Unresolved`, and `SuiteError` where a file that is referred to cannot be read.
        """
        seen = set()
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            if node.key in seen:
                raise Unresolved("the reference leads back to itself")
            seen.add(node.key)
            node = self.follow(node, node.value["$ref"])
        return node

    def follow(self, node: Node, reference: str) -> Node:
        """Where one reference leads from this node. Raises `Unresolved` and `SuiteError`."""
        name, _, fragment = reference.partition("#")
        document = self._other(node.document, unquote(name)) if name else node.document
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            if fragment not in document.anchors:
                raise Unresolved(f"`{reference}` names no `$anchor` of {document.path.name}")
            return _walk(document, document.anchors[fragment], reference)
        steps = fragment.split("/")[1:]
        where = tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)
        return _walk(document, where, reference)

    def _other(self, document: Document, name: str) -> Document:
        if _SCHEME.match(name) or name.startswith("//"):
            raise Unresolved(f"`{name[:100]}` is elsewhere; keep a copy beside this file")
        path = document.path.parent / name
        try:
            real = path.resolve()
        except (OSError, ValueError, RuntimeError):
            raise Unresolved(f"`{name[:100]}` is no path of a file") from None
        if not any(real.is_relative_to(folder) for folder in self._folders):
            raise Unresolved(f"`{name[:100]}` is outside of the suite's folder")
        if not real.is_file():
            beside = closest(real.name, (each.name for each in real.parent.glob("*")))
            hint = f"; did you mean {beside}?" if beside else ""
            raise Unresolved(f"there is no file `{name[:100]}`{hint}")
        return self.open(path)


def _walk(document: Document, where: Where, reference: str) -> Node:
    value: Any = document.value
    steps: list[str | int] = []
    for step in map(str, where):
        if isinstance(value, dict) and step in value:
            value = value[step]
            steps.append(step)
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
            steps.append(int(step))
        else:
            raise Unresolved(f"`{reference[:200]}` leads nowhere{_meant(value, step)}")
    return Node(document, tuple(steps), value)


def _meant(value: Any, step: str) -> str:
    near = closest(step, map(str, value)) if isinstance(value, dict) else None
    missing = f": there is no `{step[:100]}`"
    return missing if near is None else f"{missing}; did you mean `{near}`?"


def _anchors(value: Any, where: Where) -> Iterator[tuple[str, Where]]:
    if isinstance(value, dict) and isinstance(value.get("$anchor"), str):
        yield value["$anchor"], where
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        if isinstance(each, dict | list):
            yield from _anchors(each, (*where, key))
