"""Pairs every faulty scenario with the same sessions without faults.

Where a scenario that injects nothing replays the same sessions under the same settings, it is the
control. Otherwise one is added: it blocks nothing and is judged by nothing. Nothing that is drawn
depends on it, so that the other scenarios are the same with it and without.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from evalkit.engine.cells import ScenarioPlan
from evalkit.suite.model import Scenario

NAME = "control"


def with_controls(
    plans: Sequence[ScenarioPlan], taken: Collection[str]
) -> tuple[ScenarioPlan, ...]:
    """The plans of scenarios, each faulty one with the name of its control, and then the controls
    that had to be added. `taken` are the names that the suite itself uses.
    """
    groups = list(_unpaired(plans))
    names = _names(groups, taken)
    added = tuple(_control(name, group) for name, group in zip(names, groups, strict=True))
    controls = (*(each for each in plans if not each.faulty), *added)
    return (*(_paired(each, controls) for each in plans), *added)


def _unpaired(plans: Sequence[ScenarioPlan]) -> Iterator[ScenarioPlan]:
    """The first scenario of each group that has no control among the plans."""
    seen = [each for each in plans if not each.faulty]
    for each in plans:
        if _control_of(each, seen) is None:
            seen.append(each)
            yield each


def _names(groups: Sequence[ScenarioPlan], taken: Collection[str]) -> list[str]:
    """A name that holds spaces cannot be that of a scenario of the suite."""
    if len(groups) == 1 and NAME not in taken:
        return [NAME]
    return [f"{NAME} of {each.name}" for each in groups]


def _control(name: str, of: ScenarioPlan) -> ScenarioPlan:
    description = "The same sessions without faults, for comparison"
    scenario = Scenario(blocking=False, description=description)
    return replace(of, name=name, scenario=scenario, added=True)


def _paired(plan: ScenarioPlan, controls: Sequence[ScenarioPlan]) -> ScenarioPlan:
    control = _control_of(plan, controls) if plan.faulty else None
    return plan if control is None else replace(plan, control=control.name)


def _control_of(plan: ScenarioPlan, among: Sequence[ScenarioPlan]) -> ScenarioPlan | None:
    return next((each for each in among if each.settings == plan.settings), None)
