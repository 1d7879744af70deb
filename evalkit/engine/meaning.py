"""Whether what a suite names is there: services, checks, figures, moments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from evalkit.checks import CHECKS
from evalkit.checks.mistakes import check_mistakes, own_names
from evalkit.engine.mistakes import Mistakes, rules_of
from evalkit.faults import Fault, When, problems_of
from evalkit.gate.located import gate_problems
from evalkit.services import SPEAKING
from evalkit.suite.checks import CheckUse
from evalkit.suite.model import Scenario


def check_meaning(mistakes: Mistakes) -> None:
    """What gates, checks, faults and expectations name is there."""
    suite = mistakes.suite
    sound = [name for name, each in suite.scenarios.items() if each.sound]
    _check_gates(mistakes, ("gates",), suite.gates, sound, ())
    _check_checks(mistakes, ("checks",), suite.checks)
    for name, scenario in suite.scenarios.items():
        where = ("scenarios", name)
        kinds = {fault.name for rule in rules_of(scenario) for fault in rule.faults}
        kinds |= {"status"} if any(rule.when.sequence for rule in rules_of(scenario)) else set()
        _check_gates(mistakes, (*where, "gates"), scenario.gates, [name], kinds)
        _check_checks(mistakes, (*where, "checks"), scenario.checks, suite.checks)
        _check_faults(mistakes, (*where, "faults"), scenario)
        _check_expect(mistakes, (*where, "expect"), scenario)


def _check_gates(
    mistakes: Mistakes,
    where: tuple[str, ...],
    gates: Sequence[str],
    scenarios: Collection[str],
    faults: Collection[str],
) -> None:
    known = {"scenario": scenarios, "service": tuple(mistakes.suite.services), "fault": faults}
    mistakes.problems += gate_problems(mistakes.loaded, where, gates, known)


def _check_checks(
    mistakes: Mistakes,
    where: tuple[str, ...],
    uses: Sequence[CheckUse],
    before: Sequence[CheckUse] = (),
) -> None:
    services = mistakes.suite.services
    for each in check_mistakes(uses, mistakes.folder, services, before):
        place = (*where, *each.where)
        problem = mistakes.loaded.problem(
            place, each.message, allowed=each.allowed, at_key=each.at_key
        )
        mistakes.problems.append(replace(problem, suggestion=each.suggestion))


def _check_faults(mistakes: Mistakes, where: tuple[str, ...], scenario: Scenario) -> None:
    for index, rule in enumerate(rules_of(scenario)):
        for message in problems_of(rule):
            mistakes.add((*where, index), message)
        if rule.of_agent:
            _check_moment(mistakes, (*where, index, "when"), rule.when)
        elif rule.service and rule.service not in mistakes.suite.services:
            mistakes.unknown_service((*where, index, "at"), rule.service)


def check_model_faults(mistakes: Mistakes, kinds: Mapping[str, str]) -> None:
    """Only a model can say something wrong: at another service such a fault never arrives."""
    for name, scenario in mistakes.suite.scenarios.items():
        for index, rule in enumerate(rules_of(scenario)):
            kind = kinds.get(rule.service or "")
            if kind is None or kind in SPEAKING:
                continue
            for fault in rule.faults:
                if fault.order != Fault.SENDS:
                    other = f"{rule.service} is a service of kind {kind}"
                    place = ("scenarios", name, "faults", index, "at")
                    mistakes.add(place, f"{fault.name} befalls models, and {other}")


def _check_moment(mistakes: Mistakes, where: tuple[str | int, ...], when: When) -> None:
    service = "" if when.during is None else when.during.partition(" ")[0]
    if when.during is not None and service not in mistakes.suite.services:
        mistakes.unknown_service((*where, "during"), service)


def _check_expect(mistakes: Mistakes, where: tuple[str, ...], scenario: Scenario) -> None:
    expect = scenario.expect
    for service in expect.calls:
        if service not in mistakes.suite.services:
            mistakes.unknown_service((*where, "calls", service), service)
    if not expect.findings.allow:
        return
    own = own_names((*mistakes.suite.checks, *scenario.checks), mistakes.folder)
    known = (*CHECKS, *dict.fromkeys(own))
    for index, name in enumerate(expect.findings.allow):
        if name not in known:
            mistakes.add(
                (*where, "findings", "allow", index),
                f"no check is named {name}",
                allowed=known,
                given=name,
            )
