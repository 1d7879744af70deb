"""The record of a run that begins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evalkit.api.fingerprints import dependencies, files_of, named_in
from evalkit.api.versions import versions
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.store import (
    REAL,
    SIMULATED,
    QuarantineRecord,
    RunRecord,
    ScenarioRecord,
    command_of,
)
from evalkit.suite.model import FaultRule, Scenario


def opened(
    plan: SuitePlan,
    run_id: str,
    now: datetime,
    *,
    scenario: str | None = None,
    session: str | None = None,
) -> RunRecord:
    """The record of a run that begins: of a glob over the scenarios, or a session, if given."""
    named = named_in(plan)
    return RunRecord(
        run=run_id,
        suite=plan.suite.suite,
        path=str(plan.path),
        seed=plan.seed,
        session=session,
        chosen=scenario,
        agent=plan.agent,
        command=_command(plan, scenario, session),
        started=iso(now),
        versions=versions(),
        files=files_of(plan, named),
        named=named,
        dependencies=dependencies(),
        prices=str(plan.prices),
        warnings=tuple(f"{each.place}: {each.message}" for each in plan.warnings),
        controls=plan.controls,
        early=plan.early,
        clock=SIMULATED if plan.live is None else REAL,
        egress="python-only" if plan.live is None else plan.live.egress,
        budgets={
            name: use.budget for name, use in plan.suite.services.items() if use.budget is not None
        },
        scenarios=tuple(_planned(each, now) for each in plan.scenarios),
    )


def iso(moment: datetime) -> str:
    """A moment as records have it: ISO 8601 in UTC, in milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _command(plan: SuitePlan, scenario: str | None, session: str | None) -> str:
    return command_of(
        str(plan.path),
        seed=plan.seed,
        scenario=scenario,
        session=session,
        agent=plan.agent,
        live=plan.live is not None,
        early=plan.early,
    )


def _planned(plan: ScenarioPlan, now: datetime) -> ScenarioRecord:
    """What is planned of a scenario."""
    scenario = plan.scenario
    return ScenarioRecord(
        name=plan.name,
        sessions=plan.sessions,
        cells=len(plan.cells),
        faulty=plan.faulty,
        blocking=scenario.blocking,
        allowed=scenario.expect.findings.allow,
        description=scenario.description,
        rules=tuple(map(_written, scenario.faults)),
        expected=scenario.expect.end or (),
        control=plan.control,
        added=plan.added,
        tags=scenario.tags,
        quarantine=_quarantine(scenario, now),
    )


def _quarantine(scenario: Scenario, now: datetime) -> QuarantineRecord | None:
    if (given := scenario.quarantine) is None:
        return None
    holds = given.holds(now.astimezone(UTC).date())
    return QuarantineRecord(owner=given.owner, reason=given.reason, until=given.until, holds=holds)


def _written(rule: FaultRule) -> dict[str, Any]:
    """A rule as a suite would write it."""
    return rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
