"""Judges a scenario: its gates, its findings, its faults, and how its sessions ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.gate.endings import count_ends, judge_endings
from evalkit.gate.expression import parse_gate
from evalkit.gate.facts import CellError, CheckResult, Facts, facts_of
from evalkit.gate.faults import RuleResult
from evalkit.gate.judge import NOTHING, GateResult, judge_gates, reasons_of, warnings_of
from evalkit.gate.model import Gate
from evalkit.gate.samples import Expected, Frames
from evalkit.gate.verdict import START_EXIT, Reason, Verdict, combine, exit_code, worst_exit
from evalkit.journal.records import AnyRecord, End, Severity
from evalkit.suite.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """A scenario and what came of it.

    `reasons` say why it is not a pass, each in a sentence, `warnings` what somebody should look at
    though nothing hangs on it, and `notes` what is worth knowing besides. `ends` counts the planned
    sessions by how they ended, those that left no row among the errored, unless the run was
    interrupted.
    """

    scenario: str
    verdict: Verdict
    blocking: bool
    planned: int
    ends: Mapping[End, int]
    gates: tuple[GateResult, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    errors: tuple[CellError, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the CLI if there were only this scenario."""
        if self.verdict is not Verdict.ERROR or not self.errors:
            return exit_code(self.verdict)
        return worst_exit(
            START_EXIT if each.start else exit_code(Verdict.ERROR) for each in self.errors
        )


def judge_scenario(
    name: str,
    scenario: Scenario,
    frames: Frames,
    records: Iterable[AnyRecord],
    *,
    planned: int,
    errors: Sequence[CellError] = (),
    suite_gates: Sequence[str] = (),
    expected: Expected = NOTHING,
    sampled: bool = False,
    interrupted: bool = False,
) -> ScenarioResult:
    """Judge a scenario of which so many sessions were planned.

    `suite_gates` are the suite's own where they judge this scenario: here they only tell whether
    some gate says how many sessions have to complete. The rest is as `facts_of` and `judge_each`
    have it.
    """
    facts = facts_of(
        name, scenario, frames, records, planned=planned, errors=errors, interrupted=interrupted
    )
    gates = judge_gates(
        scenario.gates, frames, {name}, expected=expected, scope=name, sampled=sampled
    )
    return judge_facts(facts, gates, [*scenario.gates, *suite_gates])


def judge_facts(
    facts: Facts, gates: Sequence[GateResult], every_gate: Sequence[str]
) -> ScenarioResult:
    """What a scenario comes to by its facts and its gates. `every_gate` holds all that judge it."""
    reasons = (*_of_facts(facts, tuple(map(parse_gate, every_gate))), *reasons_of(gates))
    return ScenarioResult(
        scenario=facts.scenario,
        verdict=combine([Verdict.PASS, *(each.verdict for each in reasons)]),
        blocking=facts.blocking,
        planned=facts.planned,
        ends=count_ends(facts.ended, facts.planned, interrupted=facts.interrupted),
        gates=tuple(gates),
        checks=facts.checks,
        rules=facts.rules,
        errors=facts.errors,
        reasons=tuple(each.text for each in reasons),
        notes=tuple(_notes(facts.rules)),
        warnings=(*_warnings(facts.rules), *warnings_of(gates)),
    )


def _of_facts(facts: Facts, gates: Sequence[Gate]) -> Iterator[Reason]:
    """What keeps the scenario from passing, its gates aside."""
    for each in facts.errors:
        yield Reason(Verdict.ERROR, each.what)
    known = bool(facts.errors)
    yield from judge_endings(
        facts.ended,
        facts.planned,
        facts.expected,
        gates,
        known=known,
        interrupted=facts.interrupted,
    )
    yield from _of_checks(facts.checks)
    yield from _of_faults(facts.rules)


def _of_checks(checks: Iterable[CheckResult]) -> Iterator[Reason]:
    for each in checks:
        if each.severity is Severity.VIOLATION and not each.allowed:
            more = f" (the first of {each.findings})" if each.findings > 1 else ""
            yield Reason(Verdict.FAIL, f"{each.check}: {each.first}{more}")


def _of_faults(rules: Sequence[RuleResult]) -> Iterator[Reason]:
    """A scenario whose faults hit nothing has shown nothing."""
    if any(each.delivered for each in rules) or all(each.excused for each in rules):
        return
    where = ", ".join(dict.fromkeys(each.at for each in rules if not each.excused))
    yield Reason(Verdict.NO_DATA, f"no fault was delivered (at {where}): {_how(rules)}")


def _notes(rules: Sequence[RuleResult]) -> Iterator[str]:
    for each in rules:
        if each.excused:
            yield f"{_named(each)} was aimed at an attempt that the agent never made"


def _warnings(rules: Sequence[RuleResult]) -> Iterator[str]:
    """A rule that came to nothing beside others that did not: less was tested than is written.

    It is no verdict of its own, for one fault may well keep the agent from where another waits.
    """
    if not any(each.delivered for each in rules):
        return
    for each in rules:
        if not each.delivered and not each.excused:
            yield f"{_named(each)} was never delivered: {_how([each])}"


def _named(rule: RuleResult) -> str:
    return f"fault rule {rule.rule + 1} (at {rule.at})"


def _how(rules: Sequence[RuleResult]) -> str:
    """Why none of these rules was delivered."""
    fired = sum(each.fired for each in rules)
    return f"{fired} fired, but their consequence reached no client" if fired else "no call was hit"
