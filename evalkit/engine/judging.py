"""Applies checks and expectations to the journal of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.checks import Checked, Facts, check_expectations, expand, run_checks
from evalkit.engine.cells import PlannedSession, ScenarioPlan, SuitePlan
from evalkit.journal.views import JournalView
from evalkit.services.template import compile_value
from evalkit.suite.model import Expect


def judge_journal(plan: SuitePlan, scenario: ScenarioPlan, cell: int, view: JournalView) -> Checked:
    """What the checks and expectations of a scenario find in the journal of one of its cells."""
    checks = expand((*plan.suite.checks, *scenario.scenario.checks))
    result = run_checks(checks, view, Facts(services=plan.suite.services))
    planned = {each.id: each for each in scenario.cells[cell]}
    for session in view.sessions:
        expected = expectations(scenario.scenario.expect, planned[session.id])
        result += check_expectations(session, *expected)
    return result


def expectations(expect: Expect, planned: PlannedSession) -> tuple[Expect, dict[int, Expect]]:
    """What is expected of a session as a whole and of its turns, with the templates filled in.

    Raises `RenderError` or `TemplateError`.
    """
    variables = {"session": {"id": planned.id, "vars": planned.record.vars}}
    turns = enumerate(planned.record.turns, start=1)
    by_turn = {
        number: _rendered(turn.expect, variables)
        for number, turn in turns
        if turn.expect is not None
    }
    return _rendered(expect, variables), by_turn


def _rendered(expect: Expect, variables: Mapping[str, Any]) -> Expect:
    """The expectation with the templates in its texts filled in."""
    template = compile_value(expect.reply.model_dump())
    if template.constant:
        return expect
    filled = type(expect.reply).model_validate(template.render(variables))
    return expect.model_copy(update={"reply": filled})
