"""Payload files: a session a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.suite import load_sessions
from evalkit.suite.json_places import place_in
from evalkit.units import SECOND
from tests.strategies import json_values
from tests.suite.files import attempt

GOOD = '{"id": "s-1", "vars": {"name": "{{ x }}"}, "turns": [{"input": "hi", "think": "12s"}]}'


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_file(text: str | bytes) -> Path:
        path = tmp_path / "payloads.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def test_a_payload_file_is_read_and_nothing_in_it_is_evaluated(write: Any) -> None:
    records = load_sessions(write("\ufeff" + GOOD + "\r\n\n" + GOOD.replace("s-1", "s-2") + "\n"))
    assert [each.id for each in records] == ["s-1", "s-2"]
    assert records[0].vars == {"name": "{{ x }}"}
    assert records[0].turns[0].think == 12 * SECOND


MISTAKES = [
    ("", "payloads.jsonl: the file holds no session"),
    ("\n \n", "payloads.jsonl: the file holds no session"),
    (f"{GOOD}\n{GOOD}", ':2:8: session "s-1" is there already, in line 1'),
    (f'{GOOD}\n{{"id": "a"', ":2:11: this is not JSON"),
    ("[]", ":1:1: expected a mapping, not a list"),
    ('{"id": "a"}', ':1:1: the key "turns" is missing'),
    ('{"id": "a", "turns": []}', ":1:22: this must not be empty"),
    ('{"id": 5, "turns": [{"input": "x"}]}', ":1:8: expected a text, not the number 5"),
    ('{"id": "a", "turns": [{"input": 5}]}', ":1:33: expected a text"),
    ('{"id": "a", "turns": [{"inptu": "x", "input": "x"}]}', ':1:24: unknown key "inptu"'),
    ('{"id": "a", "turns": [{"input": "x", "think": 3}]}', ":1:47: 3 is a duration without"),
    (
        '{"id": "a", "turns": [{"input": "x", "expect": {"answer": "hald"}}]}',
        ':1:59: the text "hald" is not allowed here',
    ),
    ('{"id": "a", "id": "b", "turns": []}', '"id" is written twice in one object'),
    ('{"id": "a", "vars": {"x": NaN}, "turns": []}', "NaN is no number that JSON can hold"),
    ('{"id": "\\ud800", "turns": []}', "half of a surrogate pair is no text"),
    (b'{"id": "\xff"}', ":1:9: the line is not UTF-8 text"),
    ('{"a": ' * 100_000, "nested too deep"),
    (f'{{"vars": {{"x": {"9" * 5000}}}}}', "this is not JSON"),
    (f'{{"id": "{"a" * 1_000_001}"}}', ":1:1: the line is too long"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistakes(write: Any, text: str | bytes, expected: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_sessions(write(text))
    assert len(caught.value.problems) == 1
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_mistakes_of_all_lines_are_told_at_once(write: Any) -> None:
    with pytest.raises(SuiteError) as caught:
        load_sessions(write(f'[]\n{GOOD}\n{{"id": "a"}}\nx\n{GOOD}'))
    assert [each.line for each in caught.value.problems] == [1, 3, 4, 5]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no such file"):
        load_sessions(tmp_path / "none.jsonl")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_file_gives_records_or_located_problems(write: Any, data: bytes) -> None:
    path = write(data)
    records, found = attempt(lambda: load_sessions(path))
    assert records or all(str(each).startswith(str(path)) for each in found)


@given(json_values, st.sampled_from([None, 1]))
def test_values_are_found_in_json_where_they_stand(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    for where, leaf in _leaves(value):
        assert json.JSONDecoder().raw_decode(text, place_in(text, where))[0] == leaf


def test_keys_are_found_in_json_and_what_is_missing_at_its_nearest() -> None:
    text = '{"a": [1, {"b": 2}]}'
    assert place_in(text, ("a", 1, "b"), at_key=True) == text.index('"b"')
    assert place_in(text, ("a", 1, "c")) == text.index('{"b"')
    assert place_in(text, ("a", 7)) == text.index("[")


def _leaves(value: Any, where: tuple[str | int, ...] = ()) -> list[tuple[Any, Any]]:
    if not isinstance(value, dict | list):
        return [(where, value)]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [found for key, each in pairs for found in _leaves(each, (*where, key))]
