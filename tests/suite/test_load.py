"""What a suite file may say, and what is said about one that is wrong."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from evalkit.errors import SuiteError
from evalkit.journal.records import Answer, End
from evalkit.suite import load_suite, read_model
from evalkit.suite.checks import CheckUse
from evalkit.suite.model import Suite
from evalkit.units import MILLISECOND, MINUTE, SECOND
from tests.strategies import LOAN, mutated_suites, spoiled_texts, yaml_texts
from tests.suite.files import HEAD, attempt, problem, problems, read


def with_scenario(body: str) -> str:
    """A suite whose one scenario has this body, on line 6 from column 10."""
    return HEAD.replace("happy: {}", f"happy: {body}")


def test_a_suite_is_read(tmp_path: Path) -> None:
    path = tmp_path / "loan.eval.yaml"
    path.write_text(yaml.safe_dump(LOAN), encoding="utf-8")
    loaded = load_suite(path)
    suite = loaded.value
    assert loaded.path == path
    assert suite.sessions.source == "payloads.jsonl"
    assert suite.sessions.deadline == 2 * MINUTE
    assert suite.services["credit"].budget == 200 * MILLISECOND
    assert suite.services["credit"].on_failure == (Answer.DEGRADED,)
    flaky = suite.scenarios["flaky"]
    assert [fault.name for fault in flaky.faults[0].injected] == ["status"]
    assert flaky.faults[0].when.share == 0.3
    assert flaky.expect.end == (End.COMPLETED,)
    assert flaky.expect.reply.contains == ("x",)
    assert flaky.expect.effects.none == ("refund",)
    assert flaky.sessions.items is not None
    assert flaky.sessions.items[0].turns[0].think == 3 * SECOND


def test_what_is_not_said_has_its_default() -> None:
    suite = read(HEAD).value
    assert suite.checks == (CheckUse("standard"),)
    assert suite.starts_at == "2026-01-05T09:00:00Z"
    assert suite.sessions.turn_deadline == 2 * MINUTE
    assert suite.agent.stall_after == 60 * SECOND
    assert suite.scenarios["happy"].blocking


@pytest.mark.parametrize(
    ("written", "last", "by_turn"),
    [
        ("hold", ("hold",), {}),
        ("[hold, degraded]", ("hold", "degraded"), {}),
        ("{2: hold}", (), {2: ("hold",)}),
        ("{1: [answered], last: hold}", ("hold",), {1: ("answered",)}),
    ],
)
def test_answers_are_expected_of_the_last_turn_or_of_numbered_ones(
    written: str, last: tuple[str, ...], by_turn: dict[int, tuple[str, ...]]
) -> None:
    expect = (
        read(with_scenario(f"{{expect: {{answer: {written}}}}}")).value.scenarios["happy"].expect
    )
    assert expect.answers == last
    assert expect.answers_by_turn == by_turn


def test_a_model_is_frozen_and_travels_between_processes() -> None:
    suite = read(yaml.safe_dump(LOAN)).value
    assert pickle.loads(pickle.dumps(suite)) == suite
    with pytest.raises(ValueError, match="frozen"):
        suite.suite = "other"


def test_a_model_is_written_as_it_is_read() -> None:
    suite = read(yaml.safe_dump(LOAN)).value
    written = suite.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert read(yaml.safe_dump(written)).value == suite


MISTAKES = [
    # (the body of a scenario, line:column and message, suggestion)
    ("", "6:9: expected a mapping, not nothing; write {} for an empty one", None),
    ("{fault: []}", '6:11: unknown key "fault"', "faults"),
    ("{faults: [credit/dwon]}", "6:20: credit/dwon is no fault rule: write", None),
    ("{faults: [{inject: reset}]}", '6:20: the key "at" is missing', None),
    ("{faults: [{at: agent, when: {befor: reply}, inject: restart}]}", "6:39: unknown", "before"),
    ("{faults: [{at: llm, inject: resett}]}", "6:38: no fault is named resett", "reset"),
    ("{faults: [{at: llm, inject: {staus: 3}}]}", "6:38: no fault is named staus", "status"),
    ("{faults: [{at: llm, inject: {status: 2}}]}", "6:47: this must be at least 400", None),
    ("{faults: [{at: llm, inject: {status: x}}]}", "6:47: expected a whole number, not", None),
    ("{faults: [{at: llm, inject: [{delay: 5}]}]}", "6:47: 5 is a duration without", None),
    ("{faults: [{at: llm, inject: {status: 503, envelop: x}}]}", "6:52: unknown key", "envelope"),
    ("{faults: [{at: llm, inject: {call_tool: {}}}]}", '6:50: the key "name" is missing', None),
    ("{faults: [{at: llm, when: {window: {}}}]}", '6:45: the key "to" is missing', None),
    ("{faults: [{at: llm, when: {cal: 1}}]}", '6:37: unknown key "cal"', "call"),
    ("{faults: [{at: llm, when: {share: 300%}}]}", '6:44: "300%" is no share', None),
    (
        "{faults: [{at: llm, when: {sequence: [okay]}}]}",
        '6:48: expected a whole number or ok or inject, not the text "okay"',
        "ok",
    ),
    ("{expect: {answer: hald}}", '6:28: the text "hald" is not allowed here', "hold"),
    ("{expect: {answer: [hold, hald]}}", '6:35: the text "hald"', "hold"),
    ("{expect: {answer: {0: hold}}}", "6:29: 0 is no turn", None),
    ("{expect: {answer: {1: hald}}}", '6:32: the text "hald"', "hold"),
    ("{expect: {answer: 3}}", "6:28: expected a mapping, not the number 3", None),
    ("{expect: {reply: {json: {}}}}", '6:28: "json" is not yet supported', None),
    ('{expect: {reply: {matches: "("}}}', "6:37: this is no regular expression", None),
    ("{expect: {reply: {contains: 5}}}", "6:38: expected a text, not the number 5; put it", None),
    ("{expect: {calls: {a: {min: 2, max: 1}}}}", "6:45: `max` is below `min`", None),
    ("{expect: {effects: {exactly: {a: -1}}}}", "6:43: this must be at least 0", None),
    ("{expect: {end: complete}}", '6:25: the text "complete"', "completed"),
    ("{gates: [{a: b}]}", "6:19: YAML read this gate as a mapping; put it in quotes", None),
    ("{gates: [p90(x) < 1s: y]}", "6:19: YAML read this gate as a mapping", None),
    ("{gates: {{ x }}}", "6:18: a template must be put in quotes", None),
    ("{blocking: yes}", '6:21: expected true or false, not the text "yes"', None),
    ("{runs: liv}", '6:17: the text "liv" is not allowed here', "live"),
    ("{sessions: {arrival: 1/s, concurrency: 2}}", "6:49: `arrival` and `concurrency`", None),
    ("{sessions: {regions: {eu: {rt: 1s}}}}", '6:37: unknown key "rt"', "rtt"),
    ("{sessions: {regions: {eu: {share: 110%}}}}", "6:", None),
    ("{sessions: {items: []}}", "6:29: this must not be empty", None),
    ("{sessions: {cell: 0}}", "6:28: this must be at least 1", None),
    ('{sessions: {cell: "2"}}', '6:28: expected a whole number, not the text "2"', None),
]


@pytest.mark.parametrize(("body", "expected", "suggestion"), MISTAKES)
def test_mistakes_in_a_scenario(body: str, expected: str, suggestion: str | None) -> None:
    found = problem(with_scenario(body))
    assert str(found).startswith(f"x.eval.yaml:{expected}")
    assert found.suggestion == suggestion
    assert found.excerpt == f"  happy: {body}"


TOP = [
    ('agent: {python: "agent.py:loan"}', "agent: {}", "one of these keys is missing: python, asgi"),
    ('agent: {python: "agent.py:loan"}', "agent: a.py:x", "expected a mapping, not the text"),
    (
        'agent: {python: "agent.py:loan"}',
        "agent: {python: a.py}",
        '"a.py" names nothing to load; allowed: file.py:name',
    ),
    (
        'agent: {python: "agent.py:loan"}',
        'agent: {python: "a.py:x", asgi: "a.py:y"}',
        "one of `python`, `asgi`, `http` and `command`; keep one",
    ),
    (
        'agent: {python: "agent.py:loan"}',
        'agent: {http: {url: "http://x"}, command: [x]}',
        "one of `python`, `asgi`, `http` and `command`; keep one",
    ),
    ('agent: {python: "agent.py:loan"}', "agent: {http: {url: x}}", '"x" is no base URL'),
    ('agent: {python: "agent.py:loan"}', "agent: {command: []}", "this must not be empty"),
    ('agent: {python: "agent.py:loan"}', "agent: {command: 'a \"b'}", "this is no command"),
    ('agent: {python: "agent.py:loan"}', "agent: {command: x, poll: {}}", "called over HTTP"),
    ("python: ", "request: {path: /x}, python: ", "`request` is for an agent called over HTTP"),
    ('{python: "agent.py:loan"}', '{asgi: "a:b", reply: {text: "$.["}}', "this is no JSONPath"),
    ('{python: "agent.py:loan"}', '{asgi: "a:b", request: {path: x}}', "a path that begins with /"),
    ("python: ", 'answer_from: {"(": hold}, python: ', "this is no regular expression"),
    ("python: ", "env: {PORT: 80}, python: ", "the number 80; put it in quotes"),
    ("suite: loan", "suite: Loan", "lower-case letters, digits"),
    ("suite: loan", "x: 1", 'the key "suite" is missing'),
    ("suite: loan", "suite: loan\npassthrough: []", '"passthrough" is not yet supported'),
    ("suite: loan", "suite: loan\nmode: alive", 'the text "alive" is not allowed here'),
    ("suite: loan", "suite: loan\nchecks: standard", "expected a list, not the text"),
    ("suite: loan", "suite: loan\nstarts_at: 2026-01-05", "is no moment"),
    ("suite: loan", "suite: loan\nstarts_at: 2026-02-30T00:00:00Z", "is no moment"),
    ("suite: loan", "suite: loan\ngates: [rate(a where b=c, d=e) > 1]", "put it in quotes"),
    ("{from: payloads.jsonl}", "{}", "one of these keys is missing: from, items"),
    ("{from: payloads.jsonl}", "{from: a, items: []}", "this must not be empty"),
    ("{from: payloads.jsonl}", "{from: a, arrival: 20}", "20 is a rate without its unit"),
    ("{from: payloads.jsonl}", "{from: a, arrival: 2/s, concurrency: 2}", "exclude each other"),
    ("{from: payloads.jsonl}", "{from: a, deadline: 5m}", '"5m" is no duration'),
    ("use: openai.yaml", "usse: openai.yaml", "use"),
    ("use: openai.yaml", "use: a, on_failure: degrade", "degraded"),
    ("use: openai.yaml", 'use: a, attempts: "3"', "expected a whole number"),
    ("use: openai.yaml", "use: a, ignore: [$.]", "this is no JSONPath"),
    ("llm: ", '"a b": ', "letters, digits"),
    ("scenarios:\n  happy: {}", "scenarios: {}", "this must not be empty"),
]


@pytest.mark.parametrize(("old", "new", "expected"), TOP)
def test_mistakes_at_the_top(old: str, new: str, expected: str) -> None:
    assert old in HEAD
    found = problems(HEAD.replace(old, new))
    assert any(expected in str(each) for each in found), "\n".join(map(str, found))
    assert all(each.line and each.column and each.excerpt for each in found)


def test_all_mistakes_are_told_at_once_and_in_order() -> None:
    text = HEAD.replace("suite: loan", "suite: Loan").replace("{from:", "{form: x, from:")
    text = text.replace("happy: {}", "happy: {gates: [{{ x }}], blocking: 3, blocking: 4}")
    found = problems(text)
    assert [(each.line, each.column) for each in found] == [
        (1, 8),
        (4, 12),
        (6, 19),
        (6, 39),
        (6, 42),
    ]


def test_a_turn_expects_no_more_than_a_turn_can_do() -> None:
    item = "{id: a, turns: [{input: x, expect: {%s}}]}"
    for expect, message in [
        ("answer: {2: hold}", "at a turn, answers are those of the turn"),
        ("end: completed", "`end` can be expected of a session"),
        ("findings: {allow: [x]}", "`findings` can be expected of a session"),
    ]:
        text = HEAD.replace("from: payloads.jsonl", f"items: [{item % expect}]")
        assert message in str(problem(text))


def test_sessions_of_one_id_are_told_apart_by_where_they_stand() -> None:
    item = "{id: a, turns: [{input: x}]}"
    found = problem(HEAD.replace("from: payloads.jsonl", f"items: [{item}, {item}]"))
    assert (found.line, found.column) == (4, 55)
    assert 'session "a" is there already, as item 1' in found.message


def test_a_value_that_an_alias_repeats_is_at_fault_where_it_is_written() -> None:
    text = HEAD + "  a: &x {blocking: 3}\n  b: *x\n"
    assert {(each.line, each.column) for each in problems(text)} == {(7, 20)}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.eval.yaml", "there is no such file"),
        ("", "the file cannot be read: Is a directory"),
        ("a\0b", "the file cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        load_suite(tmp_path / name)


def test_a_missing_file_may_be_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "loan.eval.yaml").write_text(HEAD)
    with pytest.raises(SuiteError, match=r"did you mean loan.eval.yaml\?"):
        load_suite(tmp_path / "laon.eval.yaml")


def test_a_loaded_file_locates_later_problems() -> None:
    loaded = read(HEAD)
    found = loaded.problem(("services", "llm", "use"), "no such mock", allowed=["a"], given="b")
    assert (found.file, found.line, found.column) == ("x.eval.yaml", 3, 23)
    assert loaded.mark(("services", "llm"), at_key=True) == (3, 12)
    assert loaded.problem(("scenarios", "none"), "m").line == 6


def _read(data: bytes) -> Suite | None:
    loaded, found = attempt(lambda: read_model(data, Path("x.eval.yaml"), Suite))
    for each in found:
        assert each.file == "x.eval.yaml"
        assert each.line
        assert each.column
        assert str(each)
    return None if loaded is None else loaded.value


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(yaml_texts.map(str.encode) | spoiled_texts())
def test_any_file_gives_a_model_or_located_problems(data: bytes) -> None:
    _read(data)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated_suites())
def test_what_is_taken_is_written_back_the_same(value: Any) -> None:
    suite = _read(yaml.safe_dump(value, allow_unicode=True).encode())
    if suite is not None:
        written = suite.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert _read(yaml.safe_dump(written, allow_unicode=True).encode()) == suite
