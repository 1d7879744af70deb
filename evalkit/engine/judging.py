"""Applies checks and expectations to the journal of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from evalkit.checks import CHECKS, Checked, Facts, check_expectations, made, run_checks
from evalkit.checks.base import Cost, Keyed
from evalkit.checks.choosing import chosen
from evalkit.checks.making import make
from evalkit.engine.cells import PlannedSession, ScenarioPlan, SuitePlan
from evalkit.journal.views import CallView, JournalView
from evalkit.metrics.context import is_model
from evalkit.services.described import keyed_effects
from evalkit.services.template import compile_value
from evalkit.suite.model import Expect


def judge_journal(plan: SuitePlan, scenario: ScenarioPlan, cell: int, view: JournalView) -> Checked:
    """What the checks and expectations of a scenario find in the journal of one of its cells."""
    planned = {each.id: each for each in scenario.cells[cell]}
    uses = (*plan.suite.checks, *scenario.scenario.checks)
    with made(uses, plan.path.parent) as (checks, crashes):
        result = run_checks(checks, view, facts_of(plan, scenario, planned))
    result += Checked(crashes=crashes)
    for session in view.sessions:
        expected = expectations(scenario.scenario.expect, planned[session.id])
        result += check_expectations(session, *expected)
    return result


def make_checks_ready(plan: SuitePlan) -> None:
    """Have evalkit's own checks build what each builds when it is first made: once, not per cell.

    What is wrong with one is told where it is used.
    """
    for scenario in plan.scenarios:
        for use in chosen((*plan.suite.checks, *scenario.scenario.checks)):
            if use.name in CHECKS:
                with suppress(Exception):
                    make(CHECKS[use.name], use)


def facts_of(
    plan: SuitePlan, scenario: ScenarioPlan, planned: Mapping[str, PlannedSession]
) -> Facts:
    """What the checks of a scenario may know beside the journal of a cell."""
    kinds = {each.name: each.kind for each in plan.services}
    return Facts(
        services=plan.suite.services,
        kinds=kinds,
        models=frozenset(name for name, kind in kinds.items() if is_model(kind)),
        sessions={name: each.record for name, each in planned.items()},
        sensitive=plan.suite.sensitive,
        privileges=plan.privileges,
        scenario=scenario.name,
        expected_ends=frozenset(scenario.scenario.expect.end or ()),
        deadline=scenario.settings.deadline,
        turn_deadline=scenario.settings.turn_deadline,
        cost=_cost_of(plan),
        keyed=_keyed_of(plan, scenario),
    )


def _keyed_of(plan: SuitePlan, scenario: ScenarioPlan) -> Keyed:
    """The effects that know an idempotency key, by the definitions of the services."""
    uses = plan.suite.services_in(scenario.scenario)

    def keyed(service: str) -> frozenset[str]:
        use = uses.get(service)
        return frozenset() if use is None else keyed_effects(plan.path.parent / use.use)

    return keyed


def _cost_of(plan: SuitePlan) -> Cost:
    """What the calls of a suite's models cost: by the model that its service is priced as."""
    priced_as = {each.name: each.price for each in plan.services}

    def cost(call: CallView) -> Decimal | None:
        if call.ended is None or call.ended.usage is None or (call.ended.status or 500) >= 400:
            return None
        found = plan.prices(priced_as.get(call.service) or call.ended.model, call.ended.usage)
        return None if found is None else found.cost

    return cost


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
