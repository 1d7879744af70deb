"""Plans suites, and finds all their mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.api.paths import Paths, suites_in
from evalkit.engine.cells import SuitePlan
from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError, UsageError
from evalkit.suite import Problem, load_suite


def plan_all(
    paths: Paths, *, scenario: str | None, session: str | None, seed: int | None
) -> tuple[SuitePlan, ...]:
    """The plans of the suites at these paths, without those that hold nothing asked for.

    Raises `SuiteError` with the mistakes of all, `UsageError` where none holds what was asked for.
    """
    plans: list[SuitePlan] = []
    problems: list[Problem] = []
    unfit: list[UsageError] = []
    for path in suites_in(paths):
        try:
            loaded = load_suite(path)
            plans.append(plan_suite(loaded, scenarios=scenario, session=session, seed=seed))
        except SuiteError as error:
            problems += error.problems
        except UsageError as error:
            unfit.append(error)
    if problems:
        raise SuiteError(problems)
    if not plans:
        raise _none_fits(unfit)
    return tuple(plans)


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


def _problems_of(path: Path) -> Sequence[Problem]:
    try:
        plan_suite(load_suite(path), scenarios=None, session=None, seed=None)
    except SuiteError as error:
        return error.problems
    return ()
