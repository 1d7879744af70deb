"""Judges a run that is over, from what was stored of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from evalkit.api.driving import Outcome
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.gate import (
    CellError,
    ScenarioResult,
    SuiteResult,
    Verdict,
    combine,
    gated_scenarios,
    judge_scenario,
    judge_suite,
    worst_exit,
)
from evalkit.gate.endings import count_ends, endings
from evalkit.gate.verdict import START_EXIT, exit_code
from evalkit.metrics import spending
from evalkit.store import Run, RunRecord, ScenarioRecord, Status
from evalkit.store.figures import Figures, figures_of
from evalkit.suite.model import Suite

INTERRUPTED_EXIT = 130
ONE_SESSION = "gates were not judged: they are about all sessions, and one was chosen"
_JUDGED_BY = ("finding", "fault", "fault_missed")


def judged(run: Run, plan: SuitePlan, outcome: Outcome, *, differs: str | None) -> RunRecord:
    """The record of the run with its verdict. `differs` is where a second run was different."""
    notes = left_out(plan)
    if run.record.session:
        plan, notes = _without_gates(plan), (*notes, ONE_SESSION)
    figures = figures_of(run)
    own = [each for each in plan.scenarios if not each.added]
    results = {each.name: _result(run, figures, plan, outcome, each) for each in own}
    sound = [each for each in own if each.name in gated_scenarios(plan.suite)]
    expected = expected_of(plan.suite, sound)
    suite = judge_suite(
        plan.suite,
        list(results.values()),
        figures,
        expected=expected,
        sampled=plan.live is not None,
    )
    record = replace(
        run.record,
        status=Status.INTERRUPTED if outcome.interrupted else Status.COMPLETE,
        scenarios=tuple(
            _filled(run, each, results.get(each.name), outcome, figures)
            for each in run.record.scenarios
        ),
        gates=suite.gates,
        digest=outcome.digest(without=[each.name for each in plan.scenarios if each.added]),
        difference=differs,
        notes=notes,
        warnings=(*run.record.warnings, *suite.warnings),
        not_started=outcome.not_started,
        spent=spending(figures.calls),
    )
    return with_verdict(record, suite, interrupted=outcome.interrupted)


def left_out(plan: SuitePlan) -> tuple[str, ...]:
    """A note on the scenarios that do not run in the mode of the run, if there are any."""
    mode, other = ("simulate", "live") if plan.live is None else ("live", "simulate")
    scenarios = plan.suite.scenarios.items()
    names = [name for name, each in scenarios if each.runs not in (mode, "both")]
    how = {"live": "live", "simulate": "simulated"}[other]
    return (f"left out, for they run {how} only: {', '.join(names)}",) if names else ()


def _without_gates(plan: SuitePlan) -> SuitePlan:
    """The plan without what is about many sessions: each has to complete on its own account."""
    scenarios = (
        replace(each, scenario=each.scenario.model_copy(update={"gates": ()}))
        for each in plan.scenarios
    )
    suite = plan.suite.model_copy(update={"gates": ()})
    return replace(plan, suite=suite, scenarios=tuple(scenarios))


def _result(
    run: Run, figures: Figures, plan: SuitePlan, outcome: Outcome, scenario: ScenarioPlan
) -> ScenarioResult:
    errors = [
        CellError(what=f"cell {each.cell}: {each.what}", start=each.start)
        for each in outcome.problems_of(scenario.name)
    ]
    result = judge_scenario(
        scenario.name,
        scenario.scenario,
        figures,
        run.records(scenario.name, kinds=_JUDGED_BY),
        planned=scenario.sessions,
        errors=errors,
        suite_gates=() if scenario.faulty else plan.suite.gates,
        expected=expected_of(plan.suite, [scenario]),
        sampled=plan.live is not None,
        interrupted=outcome.interrupted,
    )
    return _ended_early(_believed(result, outcome), run.record.scenario(scenario.name))


def _ended_early(result: ScenarioResult, record: ScenarioRecord) -> ScenarioResult:
    """The result of a scenario that a gate ended: it fails, whatever was run of it says."""
    if (why := record.stopped_words) is None:
        return result
    verdict = combine([result.verdict, Verdict.FAIL])
    return replace(result, verdict=verdict, reasons=(why, *result.reasons))


def _believed(result: ScenarioResult, outcome: Outcome) -> ScenarioResult:
    """The result, or none where evalkit itself was too slow for it to mean anything."""
    fidelity = outcome.fidelity.get(result.scenario)
    if fidelity is None or fidelity.bottleneck is None:
        return result
    why = f"evalkit was the bottleneck, so its figures mean nothing: {fidelity.bottleneck}"
    verdict = combine([result.verdict, Verdict.INCONCLUSIVE])
    return replace(result, verdict=verdict, reasons=(why, *result.reasons))


def expected_of(suite: Suite, scenarios: Iterable[ScenarioPlan]) -> Mapping[str, Collection[str]]:
    """What has to occur where a gate is judged `for each`: the services that the agent cannot do
    without, and the regions of the sessions planned.
    """
    sessions = (session for each in scenarios for cell in each.cells for session in cell)
    regions = {each.record.region for each in sessions}
    return {"service": services_of(suite), "region": {each for each in regions if each is not None}}


def services_of(suite: Suite) -> frozenset[str]:
    """The services that the agent cannot do without."""
    return frozenset(name for name, each in suite.services.items() if not each.optional)


def _filled(
    run: Run,
    planned: ScenarioRecord,
    result: ScenarioResult | None,
    outcome: Outcome,
    figures: Figures,
) -> ScenarioRecord:
    """The record with what came of it; of a control there is no verdict."""
    record = replace(
        planned,
        cut_off=_cut_off(run, planned.name) if outcome.interrupted else 0,
        problems=outcome.problems_of(planned.name),
        digest=outcome.digest(planned.name),
        fidelity=outcome.fidelity.get(planned.name),
    )
    if result is None:
        ended = endings(figures.sessions, planned.name)
        ends = count_ends(ended, planned.sessions, interrupted=outcome.interrupted)
        return replace(record, ends=ends)
    return with_result(record, result)


def _cut_off(run: Run, scenario: str) -> int:
    """How many sessions were under way when the run was interrupted."""
    begun = {each.session for each in run.each_record(scenario, kinds=("session_started",))}
    return len(begun - {each["session"] for each in run.session_rows(scenario)})


def with_result(record: ScenarioRecord, result: ScenarioResult) -> ScenarioRecord:
    """The record of a scenario with what came of it."""
    return replace(
        record,
        verdict=result.verdict,
        reasons=result.reasons,
        notes=result.notes,
        warnings=result.warnings,
        ends=result.ends,
        gates=result.gates,
        checks=result.checks,
        faults=result.rules,
    )


def with_verdict(record: RunRecord, suite: SuiteResult, *, interrupted: bool = False) -> RunRecord:
    """The record with the verdict of all that there is to judge by."""
    verdicts, codes, reasons = [suite.verdict], [suite.exit_code], list(suite.reasons)
    if record.not_started is not None:
        # Nothing was run, so what the scenarios lack says nothing about them.
        verdicts, codes, reasons = [Verdict.ERROR], [START_EXIT], [record.not_started]
    if record.difference is not None:
        verdicts.append(Verdict.FAIL)
        codes.append(exit_code(Verdict.FAIL))
        reasons.insert(0, f"the second run was different: {record.difference}")
    code = INTERRUPTED_EXIT if interrupted else worst_exit(codes)
    return replace(record, verdict=combine(verdicts), exit_code=code, reasons=tuple(reasons))
