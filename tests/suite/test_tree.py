"""What the reader of YAML takes and refuses, before any model comes into it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from evalkit.suite import compose
from evalkit.suite.source import MAX_BYTES, Source
from evalkit.suite.tree import Tree, read_tree
from tests.strategies import json_values
from tests.suite.files import attempt


def tree(text: str | bytes) -> Tree:
    data = text if isinstance(text, bytes) else text.encode()
    return read_tree(Source.decoded(data, "f.yaml"))


def complaint(text: str | bytes) -> str:
    """The headlines of all that is wrong."""
    read, found = attempt(lambda: tree(text))
    found = read.problems if read else found
    return "\n".join(str(each).partition("\n")[0] for each in found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: on\nb: [0777, ~, 1.5, 2026-01-05]", {"a": "on", "b": [777, None, 1.5, "2026-01-05"]}),
        ("200: a\ntrue: b\n~: c", {"200": "a", "true": "b", "~": "c"}),
        ("a: '5'\nb: \"true\"\nc: |\n  x\n  y\n", {"a": "5", "b": "true", "c": "x\ny\n"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("---\na: 1\n...\n", {"a": 1}),
        ('a: "{{ x }}"', {"a": "{{ x }}"}),
        ("a: say {{ x }}", {"a": "say {{ x }}"}),
        ('"": 1', {"": 1}),
        ("just text", "just text"),
    ],
)
def test_values(text: str, value: object) -> None:
    read = tree(text)
    assert read.value == value
    assert read.problems == ()


MISTAKES = [
    ("", "f.yaml:1:1: the file is empty"),
    ("# only a remark", "f.yaml:1:1: the file is empty"),
    ("a: 1\nb: 2\na: 3", 'f.yaml:3:1: "a" is written twice; first in line 1'),
    ("a: {b: 1, 'b': 2}", 'f.yaml:1:11: "b" is written twice'),
    ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document begins here"),
    ("a: {{ x }}", "f.yaml:1:4: a template must be put in quotes"),
    ("a: [1, {{ x.y }}]", "f.yaml:1:8: a template must be put in quotes"),
    ("a:\n  - {{ x }}\n", "f.yaml:2:5: a template must be put in quotes"),
    ("a: {{ x }}/y", "f.yaml:1:4: a template must be put in quotes"),
    ("a: {{ x | default('y, z') }}!", "f.yaml:1:4: a template must be put in quotes"),
    ("a: b: c", 'f.yaml:1:5: a text that holds ": " must be put in quotes'),
    ("a: %x", "f.yaml:1:4: a text that begins with % must be put in quotes"),
    ("a: @x", "f.yaml:1:4: a text that begins with @ must be put in quotes"),
    ("\ta: 1", "f.yaml:1:1: a tab; YAML is indented with spaces"),
    ("a:\n\tb: 1", "f.yaml:2:1: a tab; YAML is indented with spaces"),
    ("a: !!int 3", "f.yaml:1:4: the YAML tag !!int is not allowed"),
    ("a: !!python/object:os.system {}", "f.yaml:1:4: the YAML tag !!python/object:os.system"),
    ("a: &x {b: 1}\nc: {<<: *x}", "f.yaml:2:5: YAML 1.2 has no merge keys"),
    ("? [a]\n: 1", "f.yaml:1:3: a key must be a text"),
    ("a: *b", "f.yaml:1:4: this is not YAML: found undefined alias"),
    ("a: [1", "f.yaml:1:6: this is not YAML"),
    ("a: 'x", "f.yaml:1"),
    ("- a\nb: 1", "f.yaml:2:1: this is not YAML"),
    ("a: 1e999", "f.yaml:1:4: 1e999 is too large a number"),
    ("a: .nan", "f.yaml:1:4: .nan is no number that JSON can hold"),
    ('a: "\\ud800"', "f.yaml:1"),
    ('a: "\\UFFFFFFFF"', "f.yaml:1"),
    ("&a [*a]", "nested too deep"),
    ("[" * 65 + "]" * 65, "f.yaml:1:65: nested too deep; allowed: 64 levels"),
    ("a: " + "{b: " * 1000, "nested too deep"),
    ("- " * 1000, "nested too deep"),
]


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML with and without libyaml."""
    if request.param == "Python":
        slow = type("Slow", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {}})
        monkeypatch.setattr(compose, "_PlainLoader", slow)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistakes(text: str, expected: str) -> None:
    assert expected in complaint(text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: 1\nb: \xff", "f.yaml:2:4: the file is not UTF-8 text: byte 0xff"),
        ("a: ü".encode("utf-16"), "f.yaml:1:1: the file is not UTF-8 text"),
        (b"a: \x00", "f.yaml:1:4: the character U+0000 is not allowed"),
        (b"a: \xed\xa0\x80", "f.yaml:1:4: the file is not UTF-8 text"),
        (b"a" * (MAX_BYTES + 1), "f.yaml: the file is too large; allowed: up to 5000000 bytes"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, expected: str) -> None:
    assert expected in complaint(data)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases repeat too much; allowed: 10000 values" in complaint("\n".join(lines))


def test_all_mistakes_of_writing_are_found_at_once() -> None:
    found = complaint("a: {{ x }}\nb: 1\nb: 2\nc: 1e999\nd: !x y\n")
    assert sorted(line.split(":")[1] for line in found.splitlines()) == ["1", "3", "4", "5"]


@given(json_values)
def test_json_is_yaml_with_the_same_value(value: Any) -> None:
    text = json.dumps(value)
    read, found = attempt(lambda: tree(text))
    if read is not None:
        assert read.value == value
    else:  # YAML has no escaped surrogate pairs, and our limit of a number's length is not JSON's
        assert "\\ud" in text or "number" in str(found)


@given(json_values)
def test_each_value_is_found_where_it_stands(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    read, _ = attempt(lambda: tree(text))
    assume(read is not None)
    source = Source.of(text, "f")
    for where, leaf in _strings(read.value):
        line, column = read.marks.mark(where)
        if leaf.isascii() and leaf.isalnum():
            assert leaf in source.line(line)[column - 1 :]


def _strings(value: Any, where: tuple[str | int, ...] = ()) -> list[tuple[Any, str]]:
    if isinstance(value, str):
        return [(where, value)]
    if not isinstance(value, dict | list):
        return []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [found for key, each in pairs for found in _strings(each, (*where, key))]


def test_places_of_values_and_keys() -> None:
    marks = tree("a:\n  - b: 1\n    c: [x, y]\n").marks
    assert marks.mark(("a", 0, "c", 1)) == (3, 12)
    assert marks.mark(("a", 0, "c"), at_key=True) == (3, 5)
    assert marks.mark(("a", 0, "zzz", 9)) == (2, 5)
    assert marks.mark(()) == (1, 1)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_give_a_value_or_located_problems(data: bytes) -> None:
    read, found = attempt(lambda: tree(data))
    assert read is not None or all(each.line for each in found)
