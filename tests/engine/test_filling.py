"""Templates in the settings of faults: filled in for the caller, and checked before a run."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from evalkit.engine.filling import Filling, unfillable
from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError
from evalkit.faults import AnyFault, Rule, When
from evalkit.services.template import RenderError
from evalkit.suite import load_suite
from evalkit.wire import Caller
from tests.engine.suites import sessions, write_suite

ANN = Caller(session="ann", turn=2, vars={"account": "A-7", "limit": 12})
BEN = Caller(session="ben", turn=1, vars={"account": "B-9"})
_FAULT = TypeAdapter(AnyFault)


def rule(index: int, *faults: Any) -> Rule:
    return Rule.parse(index, "llm", When(), tuple(map(_FAULT.validate_python, faults)))


def call(**arguments: Any) -> dict[str, Any]:
    return {"call_tool": {"name": "close", "arguments": arguments}}


@pytest.mark.parametrize(
    ("fault", "field", "filled"),
    [
        (call(id="{{ session.vars.account }}"), "call_tool", {"id": "A-7"}),
        (call(most=["{{ session.vars.limit }}", 3]), "call_tool", {"most": [12, 3]}),
        (call(who="{{ session.id }} in turn {{ turn }}"), "call_tool", {"who": "ann in turn 2"}),
        (call(id="{{ 1 + 1 }}"), "call_tool", {"id": 2}),
        ({"refusal": "No, {{ session.vars.account }}."}, "refusal", "No, A-7."),
        ("refusal", "refusal", True),
        (call(id=7), "call_tool", {"id": 7}),
    ],
)
def test_a_fault_is_filled_in_for_its_caller(fault, field, filled):
    aimed = rule(0, fault)
    (made,) = Filling([aimed]).filled(aimed.faults, ANN)
    value = getattr(made, field)
    assert getattr(value, "arguments", value) == filled


def test_a_fault_without_templates_is_left_as_it_is():
    aimed = rule(0, {"status": 503, "body": "{{ not.a.template }}"}, call(id=7))
    assert list(Filling([aimed]).filled(aimed.faults, ANN)) == list(aimed.faults)


def test_a_call_of_nobody_cannot_be_filled_in():
    aimed = rule(0, call(id="{{ session.vars.account }}"))
    with pytest.raises(RenderError, match="session"):
        list(Filling([aimed]).filled(aimed.faults, None))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ session.vars.limit }}", "into session ben"),
        ("{{ sesion.id }}", "there is no variable `sesion`"),
        ("{{ session.id", None),
    ],
)
def test_every_rule_that_cannot_be_filled_in_is_told_once(text, said):
    rules = [rule(0, call(id="{{ session.vars.account }}")), rule(1, call(id=text), call(id=text))]
    found = list(unfillable(rules, [ANN, BEN, BEN]))
    assert [index for index, _ in found] == [1]
    assert said is None or said in found[0][1]


def test_a_suite_whose_faults_cannot_be_filled_in_does_not_run(tmp_path):
    fault = {"at": "items", "inject": call(id="{{ session.vars.acount }}")}
    suite = write_suite(
        tmp_path, scenarios={"a": {"faults": [fault]}}, sessions={"items": sessions(2)}
    )
    with pytest.raises(SuiteError, match="acount") as caught:
        plan_suite(load_suite(suite))
    assert all(problem.line is not None for problem in caught.value.problems)
