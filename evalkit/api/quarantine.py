"""Applies quarantines: what is in one does not block, until its day is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from evalkit.suite import Loaded, Problem
from evalkit.suite.model import Scenario, Suite


def today() -> date:
    """The day that it is, in UTC."""
    return datetime.now(UTC).date()


def quarantined(loaded: Loaded[Suite], day: date) -> Loaded[Suite]:
    """The suite as it counts on a day: scenarios whose quarantine holds do not block."""
    scenarios = {
        name: each.model_copy(update={"blocking": False}) if holds(each, day) else each
        for name, each in loaded.value.scenarios.items()
    }
    return replace(loaded, value=loaded.value.model_copy(update={"scenarios": scenarios}))


def holds(scenario: Scenario, day: date) -> bool:
    """Whether a scenario is in quarantine on a day."""
    return scenario.quarantine is not None and scenario.quarantine.holds(day)


def ended(loaded: Loaded[Suite], day: date) -> tuple[Problem, ...]:
    """Warnings of the quarantines that are over."""
    return tuple(
        loaded.problem(
            ("scenarios", name, "quarantine", "until"),
            f"the quarantine of {name} ended on {each.quarantine.until}, so it blocks again; "
            f"{each.quarantine.owner} was to see to it: {each.quarantine.reason}",
        )
        for name, each in loaded.value.scenarios.items()
        if each.quarantine is not None and not each.quarantine.holds(day)
    )
