"""Fault rules as tests give them: written as in a suite, in Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.errors import SuiteError
from evalkit.faults import Rule, problems_of
from evalkit.suite import Loaded, Problem
from evalkit.suite.load import read_model
from evalkit.suite.model import FaultRule, Scenario
from evalkit.testing.definitions import as_yaml

GivenRule: TypeAlias = str | Mapping[str, Any] | FaultRule
"""`SERVICE/PRESET`, or `{"at": …, "when": …, "inject": …}`, or what a suite made of it."""


def read_rules(
    given: Iterable[GivenRule], services: Collection[str], *, first: int = 0
) -> tuple[Rule, ...]:
    """The rules, numbered from `first`. Raises `SuiteError` with every mistake in them, by its line
    in YAML.
    """
    written = {"faults": [_written(each) for each in given]}
    loaded = read_model(as_yaml(written), Path("faults"), Scenario)
    rules = tuple(
        Rule.parse(index, each.at, each.when, each.injected)
        for index, each in enumerate(loaded.value.faults, start=first)
    )
    problems = [each for rule in rules for each in _problems(loaded, rule, first, services)]
    if problems:
        raise SuiteError(problems)
    return rules


def _written(rule: GivenRule) -> str | Mapping[str, Any]:
    if isinstance(rule, FaultRule):
        return rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return rule


def _problems(
    loaded: Loaded[Scenario], rule: Rule, first: int, services: Collection[str]
) -> Iterable[Problem]:
    where = ("faults", rule.index - first)
    for message in problems_of(rule):
        yield loaded.problem(where, message)
    if rule.of_agent:
        yield loaded.problem(where, "a test calls its agent itself: nothing here can restart it")
    elif rule.service and rule.service not in services:
        message = f"no service is named {rule.service}"
        yield loaded.problem((*where, "at"), message, allowed=services, given=rule.service)
