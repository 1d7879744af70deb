"""What each rule of a scenario made of one call, after the fact.

Which rules fired is in the journal, and so is why a rule that aims at the call's operation did not:
`CallEnded.spared` says what that costs, and why it is not found out again instead. Here the rules
that aim elsewhere are added, which follows from what the rules say alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalkit.faults.rule import Rule


class Consideration(StrEnum):
    """What became of a rule at a call."""

    FIRED = "fired"
    SPARED = "not fired"
    ELSEWHERE = "not aimed at it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Considering:
    """What a rule, by its place in the scenario from 0, made of a call, and why."""

    rule: int
    became: Consideration
    why: str


def considerations(
    rules: Sequence[Rule],
    *,
    service: str,
    operation: str,
    connecting: bool,
    fired: Collection[int],
    spared: Mapping[int, str],
) -> tuple[Considering, ...]:
    """What every rule made of a call; `connecting` says that it never became a request."""
    return tuple(
        Considering(rule=rule.index, became=became, why=why)
        for rule in rules
        for became, why in (
            _considered(rule, service, operation, connecting, rule.index in fired, spared),
        )
    )


def _considered(
    rule: Rule,
    service: str,
    operation: str,
    connecting: bool,
    fired: bool,
    spared: Mapping[int, str],
) -> tuple[Consideration, str]:
    if fired:
        return Consideration.FIRED, _why_fired(rule, connecting)
    if rule.index in spared:
        return Consideration.SPARED, spared[rule.index]
    return Consideration.ELSEWHERE, _elsewhere(rule, service, operation, connecting)


def _why_fired(rule: Rule, connecting: bool) -> str:
    if rule.connects and not connecting:
        # The session's first connection would have met the rule: see evalkit.engine.exchange.
        return "the session had no connection of its own, and its first was to meet this rule"
    if rule.when.model_fields_set:
        return "all of `when` holds"
    return "it has no `when`, so it hits all that it aims at"


def _elsewhere(rule: Rule, service: str, operation: str, connecting: bool) -> str:
    if rule.service != service:
        return f"it aims at {rule.service}, and this is a call of {service}"
    if rule.connects and not connecting:
        return "it acts on connections, and this call had one"
    if rule.calls_back:
        return "it acts on webhooks, and this is a call of the agent's"
    if connecting and not rule.connects:
        return "it acts on requests, and this is a connection"
    if not rule.aims_at(operation):
        return f"it aims at `{rule.operation}`, and this is `{operation}`"
    return "the journal does not say why: the call never ended"
