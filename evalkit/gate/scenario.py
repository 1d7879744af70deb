"""Judges a scenario: its gates, its findings, its faults, and how its sessions ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.gate.endings import count_ends, endings, judge_endings
from evalkit.gate.expression import parse_gate
from evalkit.gate.faults import RuleResult, judge_rules
from evalkit.gate.judge import GateResult, judge
from evalkit.gate.samples import Frames
from evalkit.gate.verdict import START_EXIT, Reason, Verdict, combine, exit_code, worst_exit
from evalkit.journal.records import AnyRecord, End, Finding, Severity
from evalkit.suite.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError:
    """Why a cell could not be run to its end. `start` means that the agent or world never began."""

    what: str
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check found in a scenario. `allowed` violations do not fail it, nor does advice."""

    check: str
    severity: Severity
    allowed: bool
    findings: int
    sessions: int
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """A scenario and what came of it.

    `reasons` say why it is not a pass, each in a sentence; `notes` what is worth knowing besides.
    `ends` counts the planned sessions by how they ended, those that left no row among the errored.
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
    sampled: bool = False,
) -> ScenarioResult:
    """Judge a scenario of which so many sessions were planned.

    Of `records`, which must be this scenario's, only findings and what faults did are looked at.
    `suite_gates` are the suite's own where they judge this scenario: here they only tell whether
    some gate says how many sessions have to complete.
    """
    records = tuple(records)
    own = [parse_gate(each) for each in scenario.gates]
    gates = tuple(judge(each, frames, {name}, scope=name, sampled=sampled) for each in own)
    checks = _checks(records, frozenset(scenario.expect.findings.allow))
    rules = judge_rules(scenario.faults, records, frames.calls, name)
    ended = endings(frames.sessions, name)
    every_gate = [*own, *map(parse_gate, suite_gates)]
    reasons = (
        *(Reason(Verdict.ERROR, each.what) for each in errors),
        *judge_endings(ended, planned, scenario.expect, every_gate, known=bool(errors)),
        *_of_checks(checks),
        *_of_faults(rules),
        *(Reason(each.verdict, each.why) for each in gates if each.verdict is not Verdict.PASS),
    )
    return ScenarioResult(
        scenario=name,
        verdict=combine([Verdict.PASS, *(each.verdict for each in reasons)]),
        blocking=scenario.blocking,
        planned=planned,
        ends=count_ends(ended, planned),
        gates=gates,
        checks=checks,
        rules=rules,
        errors=tuple(errors),
        reasons=tuple(each.text for each in reasons),
        notes=tuple(_notes(rules)),
    )


def _checks(records: Iterable[AnyRecord], allowed: frozenset[str]) -> tuple[CheckResult, ...]:
    found: dict[tuple[str, Severity], list[Finding]] = {}
    for each in records:
        if isinstance(each, Finding):
            found.setdefault((each.check, each.severity), []).append(each)
    return tuple(
        CheckResult(
            check=check,
            severity=severity,
            allowed=check in allowed,
            findings=len(own),
            sessions=len({each.session for each in own}),
            first=own[0].message,
        )
        for (check, severity), own in found.items()
    )


def _of_checks(checks: Iterable[CheckResult]) -> Iterator[Reason]:
    for each in checks:
        if each.severity is Severity.VIOLATION and not each.allowed:
            more = f" ({each.findings} times in all)" if each.findings > 1 else ""
            yield Reason(Verdict.FAIL, f"{each.check}: {each.first}{more}")


def _of_faults(rules: Sequence[RuleResult]) -> Iterator[Reason]:
    """A scenario whose faults hit nothing has shown nothing."""
    if any(each.delivered for each in rules) or all(each.excused for each in rules):
        return
    where = ", ".join(dict.fromkeys(each.at for each in rules if not each.excused))
    fired = sum(each.fired for each in rules)
    how = f"{fired} fired, but their consequence reached no client" if fired else "no call was hit"
    yield Reason(Verdict.NO_DATA, f"no fault was delivered (at {where}): {how}")


def _notes(rules: Sequence[RuleResult]) -> Iterator[str]:
    for each in rules:
        if each.excused:
            yield f"the fault at {each.at} was aimed at an attempt that the agent never made"
        elif not each.delivered and any(other.delivered for other in rules):
            yield f"the fault at {each.at} was never delivered"
