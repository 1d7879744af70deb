"""Applies checks and expectations to the journal of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.checks import Checked, Facts, check_expectations, expand, run_checks
from evalkit.checks.expectations import EXPECTATION
from evalkit.checks.run import Crash
from evalkit.engine.cells import PlannedSession, ScenarioPlan, SuitePlan
from evalkit.journal.views import JournalView, SessionView
from evalkit.services.template import RenderError, compile_value
from evalkit.suite.model import Expect


def judge_journal(plan: SuitePlan, scenario: ScenarioPlan, cell: int, view: JournalView) -> Checked:
    """What the checks and expectations of a scenario find in the journal of one of its cells."""
    checks = expand((*plan.suite.checks, *scenario.scenario.checks))
    result = run_checks(checks, view, Facts(services=plan.suite.services))
    planned = {each.id: each for each in scenario.cells[cell]}
    for session in view.sessions:
        result += _expectations(scenario.scenario.expect, session, planned[session.id])
    return result


def _expectations(expect: Expect, session: SessionView, planned: PlannedSession) -> Checked:
    turns = enumerate(planned.record.turns, start=1)
    by_turn = {number: turn.expect for number, turn in turns if turn.expect is not None}
    variables = {"session": {"id": planned.id, "vars": planned.record.vars}}
    try:
        return check_expectations(
            session,
            _rendered(expect, variables),
            {number: _rendered(each, variables) for number, each in by_turn.items()},
        )
    except RenderError as error:
        crash = Crash(check=EXPECTATION, session=session.id, traceback=str(error))
        return Checked(crashes=(crash,))


def _rendered(expect: Expect, variables: Mapping[str, Any]) -> Expect:
    """The expectation with the templates in its texts filled in."""
    reply = expect.reply
    filled = compile_value(reply.model_dump()).render(variables)
    return expect.model_copy(update={"reply": type(reply).model_validate(filled)})
