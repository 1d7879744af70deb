from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from evalkit import strategies
from evalkit.errors import UsageError
from evalkit.faults.registry import FAULTS
from evalkit.strategies.injections import table_of
from evalkit.suite.model import SessionRecord
from evalkit.testing import world
from evalkit.testing.rules import read_rules
from tests.testing.crm import CRM, patient

LLM = {"service": "openai", "script": "auto"}
KINDS = ("rest", "openapi", "python", "openai", "anthropic", "mcp")


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_of_the_tables_exists(kind: str) -> None:
    assert set(table_of(kind)) <= set(FAULTS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_drawn_is_what_a_suite_may_say(kind: str, data: st.DataObject) -> None:
    injection = data.draw(strategies.injections(kind))
    read_rules([{"at": "crm", "inject": injection}], ["crm"])


@settings(max_examples=80)
@given(plan=strategies.fault_plans({"crm": CRM, "llm": LLM}))
def test_plans_are_sound_and_for_the_services(plan: list[object]) -> None:
    assert len(plan) <= 3
    rules = read_rules(plan, ["crm", "llm"])  # type: ignore[arg-type]
    for rule in rules:
        kind = "rest" if rule.service == "crm" else "openai"
        assert {each.name for each in rule.faults} <= set(table_of(kind))


def test_names_alone_are_rest_services() -> None:
    rule = find(strategies.fault_rules(["crm"], only=["commit_twice"]), lambda _: True)
    assert rule == {"at": "crm", "inject": "commit_twice"}


def test_plans_shrink_to_nothing_and_rules_to_the_simplest() -> None:
    assert find(strategies.fault_plans(["crm"]), lambda _: True) == []
    simplest = {"at": "crm", "inject": {"status": 503}}
    assert find(strategies.fault_plans(["crm"]), lambda plan: len(plan) == 1) == [simplest]


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"services": ["crm"], "only": ["refusal"]}, "no fault is left to draw from"),
        ({"services": ["crm"], "without": list(FAULTS)}, "no fault is left to draw from"),
        ({}, "faults of which services"),
    ],
)
def test_nothing_to_draw_from_is_an_error(given_: dict[str, list[str]], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        strategies.fault_rules(**given_)  # type: ignore[arg-type]


def test_a_flaw_is_found_and_shrunk_in_virtual_time() -> None:
    def gives_up(plan: list[dict[str, object]]) -> bool:
        with world({"crm": CRM}, faults=plan) as crm:
            return crm.run(crm.turn(patient, "hi")).text == "sorry"

    plans = strategies.fault_plans({"crm": CRM}, only=["status"], max_size=1)
    worst = find(plans, gives_up, settings=settings(max_examples=20, database=None))
    assert worst == [{"at": "crm", "inject": {"status": 503}}]


@given(session=strategies.sessions(vars={"order": st.integers()}, max_turns=2))
def test_sessions_have_turns_and_variables(session: SessionRecord) -> None:
    assert 1 <= len(session.turns) <= 2
    assert isinstance(session.vars["order"], int)
    for turn in session.turns:
        turn.input.encode()


def test_payloads_are_those_of_a_suite_with_accidents(tmp_path: Path) -> None:
    path = tmp_path / "payloads.jsonl"
    path.write_text('{"id": "a", "turns": [{"input": "Where is it?"}]}\n', encoding="utf-8")
    (tmp_path / "x.eval.yaml").write_text(
        "suite: x\nagent: {python: 'a.py:a'}\n"
        "sessions: {from: payloads.jsonl}\nscenarios: {a: {}}\n",
        encoding="utf-8",
    )
    for source in (path, tmp_path / "x.eval.yaml"):
        plain = find(strategies.payloads(source, spoil=False), lambda _: True)
        assert plain.turns[0].input == "Where is it?"
        for text in (" ", "Where is it? Where is it?", "WHERE IS IT?"):
            found = find(strategies.payloads(source), lambda it, t=text: it.turns[0].input == t)
            assert found.id == "a"
