"""What is known of a scenario that was run, whatever gates may say of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.gate.endings import Ending, endings
from evalkit.gate.faults import RuleResult, judge_rules
from evalkit.gate.samples import Frames
from evalkit.journal.records import AnyRecord, End, Finding, Severity
from evalkit.suite.model import Expect, Scenario


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
class Facts:
    """What is known of a scenario. `planned` sessions were to be run, and `ended` says how they
    did, as far as the run was not `interrupted`; `expected` are the ends that the scenario
    expressly takes for good.
    """

    scenario: str
    blocking: bool
    planned: int
    ended: tuple[Ending, ...]
    expected: frozenset[End] = frozenset()
    checks: tuple[CheckResult, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    errors: tuple[CellError, ...] = ()
    interrupted: bool = False


def facts_of(
    name: str,
    scenario: Scenario,
    frames: Frames,
    records: Iterable[AnyRecord],
    *,
    planned: int,
    errors: Sequence[CellError] = (),
    interrupted: bool = False,
) -> Facts:
    """What is known of a scenario of which so many sessions were planned.

    Of `records`, which must be this scenario's, only findings and what faults did are looked at.
    """
    records = tuple(records)
    return Facts(
        scenario=name,
        blocking=scenario.blocking,
        planned=planned,
        ended=endings(frames.sessions, name),
        expected=stated_ends(scenario.expect),
        checks=_checks(records, frozenset(scenario.expect.findings.allow)),
        rules=judge_rules(scenario.faults, records, frames.calls, name),
        errors=tuple(errors),
        interrupted=interrupted,
    )


def stated_ends(expect: Expect) -> frozenset[End]:
    """The ends that an expectation names; none where it leaves them to what is usual."""
    return frozenset(expect.end or ())


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
