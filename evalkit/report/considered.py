"""What the fault rules of a scenario did about one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.faults import Rule
from evalkit.faults.explaining import Consideration, Considering, considerations
from evalkit.journal.records import CONNECT, FaultMissed, Stage
from evalkit.journal.views import CallView
from evalkit.report.flow import flow
from evalkit.report.words import clean, count, seconds
from evalkit.suite.model import FaultRule


def rules_title(rules: Sequence[FaultRule] | None) -> str:
    """What the rules are told under."""
    if not rules:
        return "faults"
    return f"faults: the {count(len(rules), 'rule')} of the scenario, and what came of each"


def rule_lines(
    call: CallView, rules: Sequence[FaultRule] | None, missed: Sequence[FaultMissed]
) -> Iterator[tuple[int, str, str]]:
    """Each rule as a suite writes it, what it did about the call, and why.

    Each line is indentation, text and colour. `rules` is None where the run does not hold them,
    `missed` are the faults aimed at attempts that were never made of this call.
    """
    if rules is None:
        yield 2, "the run does not hold the rules of its scenarios; it is of an older evalkit", ""
        yield from ((2, text, "yellow") for text in _stages(call, None))
        return
    if not rules:
        yield 2, "none: the scenario injects nothing", ""
    for each, rule in zip(_considered(call, rules), rules, strict=True):
        written = rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
        yield 2, f"rule {each.rule + 1}  {clean(flow(written))}", ""
        fired = each.became is Consideration.FIRED
        yield 4, f"{each.became.value}: {clean(each.why)}", "yellow" if fired else ""
        yield from ((4, text, "yellow") for text in _stages(call, each.rule))
    for fault in missed:
        yield 2, f"rule {fault.rule + 1} met nothing: {clean(fault.reason)}", "yellow"


def _considered(call: CallView, rules: Sequence[FaultRule]) -> tuple[Considering, ...]:
    parsed = [
        Rule.parse(index, each.at, each.when, each.injected) for index, each in enumerate(rules)
    ]
    return considerations(
        parsed,
        service=call.service,
        operation=call.started.operation,
        connecting=call.started.operation == CONNECT,
        fired={each.rule for each in call.faults},
        spared={} if call.ended is None else dict(call.ended.spared),
    )


def _stages(call: CallView, rule: int | None) -> Iterator[str]:
    """How far each fault of a rule, or of all, came."""
    came: dict[str, list[str]] = {}
    for each in call.faults:
        if rule in (None, each.rule):
            came.setdefault(each.fault, []).append(f"{each.stage.value} at {seconds(each.at)}")
    for fault, stages in came.items():
        last = "" if stages[-1].startswith(Stage.DELIVERED) else "; the client never met it"
        yield f"{fault}: {', '.join(stages)}{last}"
