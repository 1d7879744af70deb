"""Whether all that a scenario says of its sessions can be worked out for each of them."""

from __future__ import annotations

from collections import Counter

from evalkit.checks.choosing import chosen
from evalkit.checks.rendering import unrenderable
from evalkit.engine.arrivals import Cells
from evalkit.engine.filling import unfillable
from evalkit.engine.judging import expectations
from evalkit.engine.mistakes import Mistakes, rules_of
from evalkit.services.template import RenderError, TemplateError
from evalkit.suite.model import Scenario, Sessions, SessionsOverride
from evalkit.wire import Caller


def check_sessions(
    mistakes: Mistakes, cells: Cells, settings: Sessions, scenario: Scenario, name: str
) -> None:
    """The sessions of a scenario fit what is said of them."""
    _check_ids(mistakes, cells, scenario.sessions, name)
    _check_regions(mistakes, cells, settings, scenario.sessions, name)
    _check_templates(mistakes, cells, scenario, name)
    _check_filling(mistakes, cells, scenario, name)
    _check_conditions(mistakes, cells, scenario, name)


def _check_ids(mistakes: Mistakes, cells: Cells, override: SessionsOverride, scenario: str) -> None:
    counts = Counter(each.id for cell in cells for each in cell)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        own = override.items is not None or override.source is not None
        where = ("scenarios", scenario, "sessions") if own else ("sessions",)
        message = f'repeating makes two sessions of the id "{twice[0]}"; rename one'
        mistakes.add(where, message)


def _check_regions(
    mistakes: Mistakes, cells: Cells, settings: Sessions, override: SessionsOverride, scenario: str
) -> None:
    """Where regions are declared, a session is in one of them."""
    known = settings.regions
    for each in (each for cell in cells for each in cell):
        if known and each.record.region not in known:
            own = override.model_fields_set & {"items", "source", "regions"}
            where = ("scenarios", scenario, "sessions") if own else ("sessions",)
            message = f"session {each.id} is in region {each.record.region}, which is none here"
            given = str(each.record.region)
            mistakes.add((*where, "regions"), message, allowed=[*known], given=given)
            return


def _check_templates(mistakes: Mistakes, cells: Cells, scenario: Scenario, name: str) -> None:
    """The templates in expectations hold for every session, or the first that fails tells."""
    where = ("scenarios", name, "expect" if "expect" in scenario.model_fields_set else "")
    for planned in (each for cell in cells for each in cell):
        try:
            expectations(scenario.expect, planned)
        except (RenderError, TemplateError) as error:
            place = where if where[-1] else where[:-1]
            mistakes.add(place, f"in what is expected of session {planned.id}: {error}")
            return


def _check_filling(mistakes: Mistakes, cells: Cells, scenario: Scenario, name: str) -> None:
    """The templates in faults hold for every session, or the first that fails tells."""
    planned = (each for cell in cells for each in cell)
    callers = (Caller(session=each.id, turn=1, vars=each.record.vars) for each in planned)
    for index, message in unfillable(rules_of(scenario), callers):
        mistakes.add(("scenarios", name, "faults", index), message)


def _check_conditions(mistakes: Mistakes, cells: Cells, scenario: Scenario, name: str) -> None:
    """What the checks say of sessions can be worked out for each; of the suite's, once."""
    sessions = [(each.id, each.record) for cell in cells for each in cell]
    entries = {("checks",): mistakes.suite.checks, ("scenarios", name, "checks"): scenario.checks}
    looked_for = chosen((*mistakes.suite.checks, *scenario.checks))
    for place, uses in entries.items():
        for each in unrenderable(uses, mistakes.folder, sessions, looked_for):
            mistakes.add_once((*place, *each.where), each.message)
