"""What went wrong in a run, of one signature together, whatever scenario it was in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from evalkit.gate import Verdict
from evalkit.journal.records import End, Finding, Severity
from evalkit.metrics.definitions import NONE
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of
from evalkit.report.html.view import Place, Problem
from evalkit.report.trouble import shape_of
from evalkit.store import ScenarioRecord

MOST_PROBLEMS = 80
"""Signatures that are shown."""

MOST_PLACES = 6
"""Examples that are named of each."""


WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, None, Verdict.PASS)
"""Verdicts, the worst first."""

Session: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A problem, with all sessions that it is in and the calls of them that it is about."""

    problem: Problem
    sessions: frozenset[Session]
    calls: frozenset[tuple[Session, int]] = frozenset()

    def explains(self, other: _Kind) -> bool:
        """Whether the other one is about these calls, or about none and in these sessions."""
        if not self.calls or not self.problem.bad or not other.problem.bad:
            return False
        if other.calls:
            return other.calls <= self.calls
        known = all(session is not None for _, session in other.sessions)
        return known and other.sessions <= self.sessions


def in_order(scenarios: Iterable[ScenarioRecord]) -> list[ScenarioRecord]:
    """Scenarios in the order that a report has everywhere: what failed first, of that what is
    critical, and controls last.
    """
    return sorted(
        scenarios,
        key=lambda each: (
            each.added,
            each.verdict is Verdict.PASS,
            not each.critical,
            WORST.index(each.verdict),
        ),
    )


def problems_of(stored: Stored) -> tuple[Problem, ...]:
    """The findings and the bad ends of a run, what has one cause together; what fails it first,
    in the order of the scenarios, then what came most often.
    """
    found = [*_findings(stored), *_ends(stored)]
    at = {each.name: n for n, each in enumerate(in_order(stored.record.scenarios))}

    def place(kind: _Kind) -> tuple[bool, int, int, bool, bool, str]:
        each = kind.problem
        first = min((at.get(name, len(at)) for name in each.scenarios), default=len(at))
        return not each.bad, first, -each.count, not each.check, not each.hint, each.label

    return tuple(_together(sorted(found, key=place)))


def _together(kinds: Sequence[_Kind]) -> Iterator[Problem]:
    """Each problem with those that it explains, which are not told again."""
    taken: set[int] = set()
    along: dict[int, list[Problem]] = defaultdict(list)
    for lead, kind in enumerate(kinds[:MOST_PROBLEMS]):
        if lead in taken or not kind.calls:
            continue
        for at, other in enumerate(kinds):
            if at != lead and at not in taken and at not in along and kind.explains(other):
                taken.add(at)
                along[lead].append(other.problem)
    for at, kind in enumerate(kinds):
        if at not in taken:
            yield replace(kind.problem, along=tuple(along[at]))


def findings_total(stored: Stored) -> int:
    """How many findings there are, read or not."""
    return sum(check.findings for each in stored.record.scenarios for check in each.checks)


def _findings(stored: Stored) -> Iterator[_Kind]:
    allowed = {each.name: frozenset(each.allowed) for each in stored.record.scenarios}
    groups: dict[Hashable, list[tuple[str, Finding]]] = defaultdict(list)
    for scenario, each in stored.findings:
        excused = each.check in allowed[scenario]
        key = (each.check, each.severity, excused, shape_of(each.message, each.session))
        groups[key].append((scenario, each))
    for own in groups.values():
        yield _of_findings(own, excused=own[0][1].check in allowed[own[0][0]])


def _of_findings(own: Sequence[tuple[str, Finding]], *, excused: bool) -> _Kind:
    first = own[0][1]
    sessions = {(scenario, each.session) for scenario, each in own}
    seen: dict[tuple[str, str], int | None] = {}
    for scenario, each in own:
        if each.session is not None:
            seen.setdefault((scenario, each.session), each.calls[0] if each.calls else None)
    problem = Problem(
        label=f"{first.severity.value} · {first.check}",
        check=first.check,
        bad=first.severity is Severity.VIOLATION and not excused,
        allowed=excused,
        message=line_of(first.message),
        hint=line_of(first.hint) if first.hint else None,
        expected=line_of(first.expected) if first.expected else None,
        seen=line_of(first.seen) if first.seen else None,
        count=len(own),
        sessions=len(sessions),
        scenarios=tuple(dict.fromkeys(scenario for scenario, _ in own)),
        places=tuple(
            Place(scenario=scenario, session=session, call=call)
            for (scenario, session), call in list(seen.items())[:MOST_PLACES]
        ),
    )
    calls = frozenset(
        ((scenario, each.session), each.calls[0]) for scenario, each in own if each.calls
    )
    whole = all(each.calls for _, each in own)
    return _Kind(problem, frozenset(sessions), calls if whole else frozenset())


def _ends(stored: Stored) -> Iterator[_Kind]:
    """Sessions that did not complete, by how they ended and why."""
    table = stored.sessions
    ends, reasons = table.labels("end"), table.labels("reason")
    shapes: dict[tuple[int, int], tuple[str, str]] = {}
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, (end, reason) in enumerate(
        zip(ends.codes.tolist(), reasons.codes.tolist(), strict=True)
    ):
        if ends.texts[end] == End.COMPLETED:
            continue
        if (end, reason) not in shapes:
            text = "" if reasons.texts[reason] == NONE else reasons.texts[reason]
            shapes[end, reason] = ends.texts[end], shape_of(text, stored.keys[row][1])
        groups[shapes[end, reason]].append(row)
    verdicts = {each.name: each.verdict for each in stored.record.scenarios if not each.added}
    for own in groups.values():
        yield _of_ends(stored, own, verdicts)


def _of_ends(stored: Stored, rows: Sequence[int], verdicts: Mapping[str, Verdict | None]) -> _Kind:
    keys = [stored.keys[row] for row in rows]
    scenarios = Counter(scenario for scenario, _ in keys)
    reasons = stored.sessions.labels("reason")
    reason = reasons.texts[int(reasons.codes[rows[0]])]
    end = stored.sessions.labels("end")
    bad = any(verdicts.get(each, Verdict.PASS) is not Verdict.PASS for each in scenarios)
    problem = Problem(
        label=f"session {end.texts[int(end.codes[rows[0]])].replace('_', ' ')}",
        check="",
        bad=bad,
        allowed=not bad,
        message="" if reason == NONE else line_of(reason),
        hint=None,
        count=len(rows),
        sessions=len(rows),
        scenarios=tuple(scenarios),
        places=tuple(Place(scenario=a, session=b) for a, b in keys[:MOST_PLACES]),
    )
    return _Kind(problem, frozenset(keys))
