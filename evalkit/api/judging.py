"""Judges a run that is over, from what was stored of it."""

from __future__ import annotations

from dataclasses import replace

from evalkit.api.driving import Outcome
from evalkit.engine.cells import SuitePlan
from evalkit.gate import (
    CellError,
    ScenarioResult,
    SuiteResult,
    Verdict,
    combine,
    judge_scenario,
    judge_suite,
    worst_exit,
)
from evalkit.gate.verdict import START_EXIT, exit_code
from evalkit.store import Run, RunRecord, ScenarioRecord, Status

INTERRUPTED_EXIT = 130
_ONE_SESSION = "gates were not judged: they are about all sessions, and one was chosen"
_JUDGED_BY = ("finding", "fault", "fault_missed")


def judged(run: Run, plan: SuitePlan, outcome: Outcome, *, differs: str | None) -> RunRecord:
    """The record of the run with its verdict. `differs` is where a second run was different."""
    plan, notes = (plan, ()) if not run.record.session else (_without_gates(plan), (_ONE_SESSION,))
    results = [_result(run, plan, outcome, each.name) for each in plan.scenarios]
    suite = judge_suite(plan.suite, results, run.lists)
    record = replace(
        run.record,
        status=Status.INTERRUPTED if outcome.interrupted else Status.COMPLETE,
        scenarios=tuple(
            _filled(run.record.scenario(each.scenario), each, outcome) for each in results
        ),
        gates=suite.gates,
        digest=outcome.digest(),
        difference=differs,
        notes=notes,
    )
    return _with_verdict(record, suite, outcome)


def _without_gates(plan: SuitePlan) -> SuitePlan:
    """The plan without what is about many sessions: each has to complete on its own account."""
    scenarios = (
        replace(each, scenario=each.scenario.model_copy(update={"gates": ()}))
        for each in plan.scenarios
    )
    suite = plan.suite.model_copy(update={"gates": ()})
    return replace(plan, suite=suite, scenarios=tuple(scenarios))


def _result(run: Run, plan: SuitePlan, outcome: Outcome, name: str) -> ScenarioResult:
    scenario = plan.scenario(name)
    errors = [
        CellError(what=f"cell {each.cell}: {each.what}", start=each.start)
        for each in outcome.problems_of(name)
    ]
    return judge_scenario(
        name,
        scenario.scenario,
        run.lists,
        run.records(name, kinds=_JUDGED_BY),
        planned=scenario.sessions,
        errors=errors,
        suite_gates=() if scenario.faulty else plan.suite.gates,
    )


def _filled(planned: ScenarioRecord, result: ScenarioResult, outcome: Outcome) -> ScenarioRecord:
    return replace(
        planned,
        verdict=result.verdict,
        reasons=result.reasons,
        notes=result.notes,
        ends=result.ends,
        gates=result.gates,
        checks=result.checks,
        faults=result.rules,
        problems=outcome.problems_of(planned.name),
        digest=outcome.digest(planned.name),
    )


def _with_verdict(record: RunRecord, suite: SuiteResult, outcome: Outcome) -> RunRecord:
    """The record with the verdict of all that there is to judge by."""
    verdicts, codes, reasons = [suite.verdict], [suite.exit_code], list(suite.reasons)
    if outcome.not_started is not None:
        # Nothing was run, so what the scenarios lack says nothing about them.
        verdicts, codes, reasons = [Verdict.ERROR], [START_EXIT], [outcome.not_started]
    if record.difference is not None:
        verdicts.append(Verdict.FAIL)
        codes.append(exit_code(Verdict.FAIL))
        reasons.insert(0, f"the second run was different: {record.difference}")
    code = INTERRUPTED_EXIT if outcome.interrupted else worst_exit(codes)
    return replace(record, verdict=combine(verdicts), exit_code=code, reasons=tuple(reasons))
