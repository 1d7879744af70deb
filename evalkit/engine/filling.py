"""Fills in the templates that stand in the settings of faults, for the caller of a call.

A fault stands below services and knows no templates: here they are compiled once, and the fault
that is applied is one whose settings are values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from evalkit.faults import Fault, Rule
from evalkit.services.attribution import caller_variables
from evalkit.services.template import RenderError, Template, TemplateError, compile_value
from evalkit.wire import Caller

NAMES = ("session", "turn")
"""The variables that faults see."""


class Filling:
    """The templates in the faults of a scenario's rules. Raises `TemplateError` with the mistakes
    of one fault.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        faults = [fault for rule in rules for fault in rule.faults]
        # Faults that are equal may still be two; those of the rules live as long as this does.
        self._kept = faults
        self._templates = {id(each): templates for each in faults if (templates := _of(each))}

    @property
    def constant(self) -> bool:
        """Whether there are no templates."""
        return not self._templates

    def filled(self, faults: Iterable[Fault], caller: Caller | None) -> Iterator[Fault]:
        """These faults, ready to be applied. Raises `RenderError`."""
        for fault in faults:
            templates = self._templates.get(id(fault))
            if templates is None:
                yield fault
                continue
            variables = caller_variables(caller)
            values = {name: each.render(variables) for name, each in templates.items()}
            yield fault.filled(values)


def _of(fault: Fault) -> dict[str, Template]:
    given = fault.model_dump(include=set(fault.templated)) if fault.templated else {}
    compiled = {name: compile_value(value, NAMES) for name, value in given.items()}
    return {name: each for name, each in compiled.items() if not each.constant}


def unfillable(rules: Iterable[Rule], callers: Iterable[Caller]) -> Iterator[tuple[int, str]]:
    """The rules, by their places, whose templates are none, or fail for one of these callers, with
    what is wrong: once each.
    """
    fillings: list[tuple[Rule, Filling]] = []
    for rule in rules:
        try:
            filling = Filling([rule])
        except TemplateError as error:
            yield rule.index, str(error)
            continue
        fillings += [] if filling.constant else [(rule, filling)]
    for caller in callers if fillings else ():
        for each in tuple(fillings):
            try:
                list(each[1].filled(each[0].faults, caller))
            except (RenderError, ValidationError) as error:
                yield each[0].index, f"in what is injected into session {caller.session}: {error}"
                fillings.remove(each)
