"""What went wrong in a scenario, of a kind together, each kind with a first example."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.gate import Verdict
from evalkit.journal.records import End, Finding, Severity
from evalkit.store import Run

_VARYING = re.compile(
    r"'(?:[^'\\]|\\.)*'"  # what was said, as texts are quoted
    r'|"(?:[^"\\]|\\.)*"|“[^”]*”'
    r"|\((?![^()]*:)[^()]*\)"  # a key, or which calls; where there is a colon, a cause
    r"|[\w.+-]*[0-9][\w.+-]*(?:@[\w.-]+)?"  # a number, or an id that has one
)
_LIST = re.compile(r"#?…(?:(?:,| and|, and) #?…)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Findings, or ends of sessions, of one kind. `message` and what follows are of the first."""

    label: str
    message: str
    count: int
    bad: bool
    session: str | None
    turn: int | None = None
    calls: tuple[int, ...] = ()
    hint: str | None = None


def finding_troubles(findings: Iterable[Finding], allowed: Sequence[str]) -> tuple[Trouble, ...]:
    """Findings by check and the shape of their message."""
    kinds: dict[Hashable, list[Finding]] = defaultdict(list)
    for each in findings:
        kinds[each.check, each.severity, shape_of(each.message, each.session)].append(each)
    troubles = [_of_findings(group, allowed) for group in kinds.values()]
    return tuple(sorted(troubles, key=lambda each: (not each.bad, -each.count)))


def shape_of(message: str, session: str | None = None) -> str:
    """A message without what differs from session to session: numbers, ids, keys, what was said."""
    if session:
        message = re.sub(rf"(?<![\w-]){re.escape(session)}(?![\w-])", "…", message)
    # However many calls there are, they are some calls.
    return _LIST.sub("…", _VARYING.sub("…", message)).replace("calls …", "call …")


def _of_findings(group: Sequence[Finding], allowed: Sequence[str]) -> Trouble:
    first = group[0]
    excused = first.check in allowed
    label = f"{first.severity.value} {first.check}{' (allowed here)' if excused else ''}"
    return Trouble(
        label=label,
        message=first.message,
        count=len(group),
        bad=first.severity is Severity.VIOLATION and not excused,
        session=first.session,
        turn=first.turn,
        calls=first.calls,
        hint=first.hint,
    )


def end_troubles(sessions: Iterable[Mapping[str, Any]], *, bad: bool = True) -> tuple[Trouble, ...]:
    """Sessions that did not complete, by how they ended and why."""
    kinds: dict[Hashable, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sessions:
        if row["end"] != End.COMPLETED:
            kinds[row["end"], shape_of(row["reason"] or "", row["session"])].append(row)
    return tuple(
        Trouble(
            label=group[0]["end"].replace("_", " "),
            message=group[0]["reason"] or "",
            count=len(group),
            bad=bad,
            session=group[0]["session"],
        )
        for group in sorted(kinds.values(), key=len, reverse=True)
    )


def troubles_of(run: Run, scenario: str) -> tuple[Trouble, ...]:
    """All that went wrong in a scenario: findings first, then the sessions that ended badly.

    Where the scenario passes, such ends were expected, or its gates bear with them.
    """
    record = run.record.scenario(scenario)
    found = finding_troubles(run.findings(scenario), record.allowed)
    bad = record.verdict is not Verdict.PASS
    return (*found, *end_troubles(run.session_rows(scenario), bad=bad))
