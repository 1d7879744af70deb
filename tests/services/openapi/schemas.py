"""Schemas for tests: a strategy of them, and what is needed to try one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from evalkit.services.openapi.checking import Checker
from evalkit.services.openapi.document import Document, Library, Node
from evalkit.services.openapi.generate import Generator
from evalkit.services.openapi.schemas import Schemas
from evalkit.suite.source import Source

names = st.sampled_from(["id", "name", "amount", "tags", "next"])


class Trial:
    """A schema, ready to check values and to make them."""

    def __init__(self, schema: Any, *, old: bool = False, **others: Any) -> None:
        text = json.dumps({"schema": schema, **others})
        document = Document(Path("schema.json"), Source.of(text, "schema.json"))
        library = Library(Path())
        self.schemas = Schemas(library, old=old)
        self.node = Node(document, ("schema",), document.value["schema"])
        self.address = self.schemas.address(self.node, "reply")
        self.schemas.check_cycles()
        self.problems = self.schemas.problems
        self.checker = Checker(self.schemas)
        self.generator = Generator(self.schemas, self.checker)

    def breaches(self, value: Any) -> list[str]:
        return [str(each) for each in self.checker.breaches(self.address, value, "body")]


def _texts() -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 30),
            "maxLength": st.integers(30, 60),
            "pattern": st.sampled_from(
                [
                    r"^[A-Z]{3}-\d{2,4}$",
                    "^(a|bc)+$",
                    r"[^x]*\.txt",
                    r"^\w{30,40}$",
                    r"^\+?[0-9]{30}$",
                ]
            ),
        },
    ) | st.sampled_from(
        [
            {"type": "string", "format": name}
            for name in ("date-time", "date", "time", "uuid", "email", "uri", "ipv4", "byte", "odd")
        ]
    )


def _numbers() -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": st.integers(-1000, 1000),
            "maximum": st.integers(1100, 3000),
            "multipleOf": st.sampled_from([1, 5, 0.01, 0.5, 7]),
        },
    ) | st.sampled_from(
        [
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
            {"type": "number", "minimum": 0.3, "maximum": 0.3},
            {"type": "integer", "exclusiveMinimum": 4, "maximum": 5},
            {"type": "integer", "format": "int32"},
        ]
    )


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=4)},
        optional={
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.just(True) | inner,
            "maxProperties": st.integers(4, 8),
            "minProperties": st.integers(0, 4),
        },
    )


def _lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "items": inner,
            "minItems": st.integers(0, 3),
            "maxItems": st.integers(3, 6),
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
        },
    )


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    object_pairs = st.lists(_objects(inner), min_size=1, max_size=2)
    return st.one_of(
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"oneOf": [each, {"type": "null"}]}, inner),
        st.builds(lambda each: {"allOf": each}, object_pairs),
    )


leaves = st.one_of(
    _texts(),
    _numbers(),
    st.sampled_from(
        [
            {},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", 1, None]},
            {"const": {"a": [1]}},
            {"type": ["string", "null"]},
            {"type": "string", "examples": ["like this", 5]},
            {"not": {"type": "string"}, "type": ["string", "integer"]},
        ]
    ),
)
schemas = st.recursive(
    leaves, lambda inner: _objects(inner) | _lists(inner) | _combined(inner), max_leaves=8
)
