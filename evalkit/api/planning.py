"""Plans suites, and finds all their mistakes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

from evalkit.api.other_agent import target_of, with_agent
from evalkit.api.paths import Paths, suites_in
from evalkit.api.quarantine import ended, quarantined, today
from evalkit.engine.cells import SuitePlan
from evalkit.engine.controls import with_controls
from evalkit.engine.plan import plan_suite
from evalkit.engine.run import import_ahead
from evalkit.errors import SuiteError, UsageError
from evalkit.suite import Loaded, Problem, load_suite
from evalkit.suite.model import Suite


class Wanted(TypedDict, total=False):
    """What of suites is run, and how: all of it and as they say, but for what is given here.

    `agent` is the Python agent that takes the place of the one that a suite names.
    """

    scenario: str | None
    session: str | None
    seed: int | None
    agent: str | None
    controls: bool
    live: bool | None


def plan_all(paths: Paths, **wanted: Unpack[Wanted]) -> tuple[SuitePlan, ...]:
    """The plans of the suites at these paths, without those that hold nothing asked for.

    Raises `SuiteError` with the mistakes of all, `UsageError` where none holds what was asked for.
    """
    if (agent := wanted.get("agent")) is not None:
        target_of(agent)
    plans: list[SuitePlan] = []
    problems: list[Problem] = []
    unfit: list[UsageError] = []
    found = suites_in(paths)
    for path in found:
        try:
            plans.append(plan_one(path, ahead=len(found) == 1, **wanted))
        except SuiteError as error:
            problems += error.problems
        except UsageError as error:
            unfit.append(error)
    if problems:
        raise SuiteError(problems)
    if not plans:
        raise _none_fits(unfit)
    return tuple(plans)


def plan_one(path: Path, *, ahead: bool = False, **wanted: Unpack[Wanted]) -> SuitePlan:
    """The plan of one suite, with `ahead` the next one to be run. Raises `SuiteError` and
    `UsageError`.
    """
    loaded, agent = load_suite(path), wanted.get("agent")
    if agent is not None:
        loaded = with_agent(loaded, target_of(agent))
    if ahead and not wanted.get("live"):
        import_ahead(loaded)
    plan = plan_suite(
        quarantined(loaded, today()),
        scenarios=wanted.get("scenario"),
        session=wanted.get("session"),
        seed=wanted.get("seed"),
        controls=wanted.get("controls", True),
        live=wanted.get("live"),
    )
    return replace(plan, warnings=(*ended(loaded, today()), *plan.warnings), agent=agent)


def plan_loaded(
    loaded: Loaded[Suite], *, seed: int | None = None, controls: bool = True
) -> SuitePlan:
    """The plan of a suite that was loaded. Raises `SuiteError` with all mistakes."""
    plan = plan_suite(quarantined(loaded, today()), seed=seed, controls=controls)
    return replace(plan, warnings=(*ended(loaded, today()), *plan.warnings))


def chosen(plan: SuitePlan, names: Collection[str]) -> SuitePlan:
    """The plan of these scenarios alone, with the controls that they need."""
    own = [each for each in plan.scenarios if each.name in names and not each.added]
    own = [replace(each, control=None) for each in own]
    scenarios = with_controls(own, plan.suite.scenarios) if plan.controls else tuple(own)
    return replace(plan, scenarios=scenarios)


def _none_fits(unfit: Sequence[UsageError]) -> UsageError:
    if len(unfit) == 1:
        return unfit[0]
    return UsageError("\n".join(each.message for each in unfit))


def validate(paths: Paths) -> list[Problem]:
    """Every mistake in the suites at these paths and in the files they refer to.

    Raises `UsageError` where there is no suite.
    """
    problems: list[Problem] = []
    for path in suites_in(paths):
        problems += _problems_of(path)
    return problems


def warnings_of(paths: Paths) -> list[Problem]:
    """What somebody should know of in these suites though it is no mistake: gates that could not
    pass with the sessions planned. Suites with mistakes are left out.
    """
    warnings: list[Problem] = []
    for path in suites_in(paths):
        with suppress(SuiteError):
            warnings += plan_one(path).warnings
    return warnings


def _problems_of(path: Path) -> Sequence[Problem]:
    try:
        plan_suite(load_suite(path))
    except SuiteError as error:
        return error.problems
    return ()
