"""Whether the faults of a scenario came to anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.faults import Rule
from evalkit.journal.records import AnyRecord, FaultMissed, FaultMoved, Stage
from evalkit.metrics.columns import Columns, Table
from evalkit.suite.model import FaultRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """How often a fault rule came to each stage, in all sessions of its scenario.

    `missed` counts how often it was aimed at an attempt that was never made. `excused` says that
    this is why nothing was delivered: the agent never went that far, and that is a result.
    """

    rule: int
    at: str
    scheduled: int
    fired: int
    delivered: int
    missed: int
    excused: bool


def judge_rules(
    rules: Sequence[FaultRule], records: Iterable[AnyRecord], calls: Table, scenario: str
) -> tuple[RuleResult, ...]:
    """What came of each rule, given the scenario's records and the table of calls."""
    stages: Counter[tuple[int, Stage]] = Counter()
    missed: Counter[int] = Counter()
    for each in records:
        if isinstance(each, FaultMoved):
            stages[each.rule, each.stage] += 1
        elif isinstance(each, FaultMissed):
            missed[each.rule] += 1
    called = _called(calls, scenario) if rules else ()
    return tuple(
        _result(index, rule, stages, missed[index], called) for index, rule in enumerate(rules)
    )


def _called(calls: Table, scenario: str) -> frozenset[tuple[str, str]]:
    """The services and operations that the scenario's sessions called."""
    table = Columns.of(calls)
    names, services, operations = map(table.labels, ("scenario", "service", "operation"))
    if scenario not in names.texts:
        return frozenset()
    own = names.codes == names.texts.index(scenario)
    pairs = zip(services.codes[own].tolist(), operations.codes[own].tolist(), strict=True)
    return frozenset((services.texts[one], operations.texts[other]) for one, other in set(pairs))


def _result(
    index: int,
    rule: FaultRule,
    stages: Counter[tuple[int, Stage]],
    missed: int,
    called: Iterable[tuple[str, str]],
) -> RuleResult:
    delivered = stages[index, Stage.DELIVERED]
    scheduled = stages[index, Stage.SCHEDULED]
    never_made = missed > 0 or (scheduled == 0 and _aims_at_retries(index, rule, called))
    return RuleResult(
        rule=index,
        at=rule.at,
        scheduled=scheduled,
        fired=stages[index, Stage.FIRED],
        delivered=delivered,
        missed=missed,
        excused=stages[index, Stage.FIRED] == 0 and never_made,
    )


def _aims_at_retries(index: int, rule: FaultRule, called: Iterable[tuple[str, str]]) -> bool:
    """Whether it aims past the first attempt at something that was attempted."""
    when = rule.when
    attempts = (when.attempt,) if when.attempt is not None else when.attempts or (1,)
    if min(attempts) == 1:
        return False
    parsed = Rule.parse(index, rule.at, when, rule.injected)
    return any(parsed.service == service and parsed.aims_at(what) for service, what in called)
