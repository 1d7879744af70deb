import json

import pytest
import yaml
from hypothesis import given

from evalkit.errors import SuiteError
from evalkit.services.openapi.reading import read_value
from evalkit.suite.source import Source
from evalkit.suite.tree import read_tree
from tests.strategies import json_values, spoiled_texts, yaml_texts


def _same_as_a_suite(source):
    try:
        tree = read_tree(source)
    except SuiteError:
        return None
    return None if tree.problems else tree.value


@given(yaml_texts)
def test_yaml_means_what_it_means_in_a_suite(text):
    source = Source.of(text, "a.yaml")
    expected = _same_as_a_suite(source)
    try:
        value = read_value(source)
    except SuiteError:
        assert expected is None
    else:
        assert value == expected


@given(spoiled_texts())
def test_whatever_a_file_holds_it_is_read_or_refused_with_its_place(data):
    try:
        read_value(Source.decoded(data, "a.yaml"))
    except SuiteError as error:
        first = error.problems[0]
    else:
        return
    assert first.line is not None or "UTF-8" in first.message


@given(json_values)
def test_json_is_read_as_json(value):
    assert read_value(Source.of(json.dumps({"value": value}), "a.json")) == {"value": value}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\na: 2", 2, '"a" is written twice'),
        ('{"a": 1,\n"a": 2}', 2, '"a" is written twice'),
        ("a: &x [1]\nb: *y", 2, "*y names nothing before it"),
        ("a: &x [*x]", 1, "names nothing before it"),
        ("a: !!python/none 1", 1, "the YAML tag"),
        ("<<: {a: 1}", 1, "no merge keys"),
        ("? [a]\n: 1", 1, "a key must be a text"),
        ("a: 1\n---\nb: 1", 2, "a second document"),
        ("", 1, "the file is empty"),
        ("[" * 100 + "]" * 100, 1, "nested too deep"),
        ("a: 'open", 1, "not YAML"),
        ("a:\n\t- 1", 2, "a tab"),
    ],
)
def test_a_mistake_has_its_place(text, line, message):
    with pytest.raises(SuiteError) as caught:
        read_value(Source.of(text, "a.yaml"))
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.line == line


def test_aliases_share_and_are_bounded():
    assert read_value(Source.of("a: &x {b: [1]}\nc: *x", "a.yaml")) == {
        "a": {"b": [1]},
        "c": {"b": [1]},
    }
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(SuiteError, match="aliases repeat too much"):
        read_value(Source.of("\n".join(levels), "a.yaml"))


def test_the_parser_written_in_c_is_what_reads():
    assert yaml.__with_libyaml__
