"""What went wrong in a run, of one signature together, whatever scenario it was in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

from evalkit.gate import Verdict
from evalkit.journal.records import End, Finding, Severity
from evalkit.metrics.definitions import NONE
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of
from evalkit.report.html.view import Place, Problem
from evalkit.report.trouble import shape_of

MOST_PROBLEMS = 80
"""Signatures that are shown."""

MOST_PLACES = 6
"""Examples that are named of each."""


def problems_of(stored: Stored) -> tuple[Problem, ...]:
    """The findings and the bad ends of a run; what fails it first, then what came most often."""
    found = [*_findings(stored), *_ends(stored)]
    return tuple(
        sorted(found, key=lambda each: (not each.bad, -each.count, not each.check, each.label))
    )


def findings_total(stored: Stored) -> int:
    """How many findings there are, read or not."""
    return sum(check.findings for each in stored.record.scenarios for check in each.checks)


def _findings(stored: Stored) -> Iterator[Problem]:
    allowed = {each.name: frozenset(each.allowed) for each in stored.record.scenarios}
    groups: dict[Hashable, list[tuple[str, Finding]]] = defaultdict(list)
    for scenario, each in stored.findings:
        excused = each.check in allowed[scenario]
        key = (each.check, each.severity, excused, shape_of(each.message, each.session))
        groups[key].append((scenario, each))
    for own in groups.values():
        yield _of_findings(own, excused=own[0][1].check in allowed[own[0][0]])


def _of_findings(own: Sequence[tuple[str, Finding]], *, excused: bool) -> Problem:
    first = own[0][1]
    sessions = {(scenario, each.session) for scenario, each in own}
    seen: dict[tuple[str, str], int | None] = {}
    for scenario, each in own:
        if each.session is not None:
            seen.setdefault((scenario, each.session), each.calls[0] if each.calls else None)
    return Problem(
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


def _ends(stored: Stored) -> Iterator[Problem]:
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


def _of_ends(
    stored: Stored, rows: Sequence[int], verdicts: Mapping[str, Verdict | None]
) -> Problem:
    keys = [stored.keys[row] for row in rows]
    scenarios = Counter(scenario for scenario, _ in keys)
    reasons = stored.sessions.labels("reason")
    reason = reasons.texts[int(reasons.codes[rows[0]])]
    end = stored.sessions.labels("end")
    bad = any(verdicts.get(each, Verdict.PASS) is not Verdict.PASS for each in scenarios)
    return Problem(
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
