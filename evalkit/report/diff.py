"""`evalkit diff`: what two runs did differently, for reading and for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, TextIO

from evalkit.journal.changes import ABOUT, Change, Comparison, Kind, SessionChanges
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.words import clean, count, numbered, seconds
from evalkit.store import Run, RunRecord

MOST_SESSIONS = 10
"""Groups of sessions, and sessions that only one run has, that are shown of a scenario."""

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_COLUMNS = (
    Column("kind"),
    Column("sessions", right=True),
    Column("changes", right=True),
    Column("", wraps=True),
)


def print_comparison(
    comparison: Comparison, first: Run, second: Run, stream: TextIO, *, whole: bool = False
) -> None:
    """Print what two runs did differently; if `whole`, each change of each session."""
    width = width_of(stream)
    lines = comparison_lines(comparison, first.record, second.record, width, whole=whole)
    print_lines(stream, lines)


def comparison_lines(
    comparison: Comparison,
    first: RunRecord,
    second: RunRecord,
    width: int,
    *,
    whole: bool = False,
) -> Iterator[Line]:
    """What two runs did differently: sessions by scenario, those alike together, then kinds.

    If `whole`, each change of each session instead of the first ones of those alike.
    """
    yield line(f"first   {first.run} · {_brief(first)}")
    yield line(f"second  {second.run} · {_brief(second)}")
    for note in comparison.notes:
        yield from wrapped(f"note: {clean(note)}", width, "yellow")
    for name in dict.fromkeys(each.scenario for each in comparison.changed):
        changed = [each for each in comparison.changed if each.scenario == name]
        yield line("")
        yield line(f"{clean(name)}: {count(len(changed), 'session')} changed", "bold")
        yield from _whole(changed, width) if whole else _alike(changed, width)
    yield from _alone("first", comparison.only_first, second, width)
    yield from _alone("second", comparison.only_second, first, width)
    if comparison.changed:
        yield line("")
        yield from _summary(comparison.changed, width)
    yield line("")
    yield _verdict(comparison)


def _brief(record: RunRecord) -> str:
    version = f"evalkit {record.versions.get('evalkit', '?')}"
    told = [record.status.value, record.started, f"seed {record.seed}", version]
    return " · ".join(told + ([] if record.agent is None else [f"agent {clean(record.agent)}"]))


def _verdict(comparison: Comparison) -> Line:
    compared = count(comparison.compared, "session")
    if comparison.equal:
        return (Span("✓ equal", "green"), Span(f"  {compared} did the same in both runs"))
    parts = []
    sessions = [each for each in comparison.changed if each.session is not None]
    if sessions:
        parts.append(f"{len(sessions):,} of {compared} behave differently")
    if len(sessions) < len(comparison.changed):
        parts.append("calls of no session differ")
    if comparison.only_first:
        parts.append(f"{count(len(comparison.only_first), 'session')} in the first run only")
    if comparison.only_second:
        parts.append(f"{count(len(comparison.only_second), 'session')} in the second run only")
    return (Span("✗ differs", "bold red"), Span(f"  {', '.join(parts)}"))


def _whole(changed: Iterable[SessionChanges], width: int) -> Iterator[Line]:
    """Each change of each session."""
    for each in changed:
        yield line(clean(each.session or "calls of no session"), by=2)
        for change in each.changes:
            yield from change_lines(change, width, by=4)


def _alike(changed: Iterable[SessionChanges], width: int) -> Iterator[Line]:
    """The first change of each session, of those alike together."""
    groups: dict[Hashable, list[SessionChanges]] = {}
    for each in changed:
        groups.setdefault(_shape(each), []).append(each)
    ordered = sorted(groups.values(), key=len, reverse=True)
    for group in ordered[:MOST_SESSIONS]:
        yield from _group(group, width)
    rest = ordered[MOST_SESSIONS:]
    if rest:
        sessions = count(sum(map(len, rest)), "more session")
        yield from wrapped(
            f"and {sessions} with other first changes: --session ID shows one, --json all",
            width,
            by=2,
        )


def _shape(changes: SessionChanges) -> Hashable:
    """What makes sessions alike: their first change, whatever its numbers."""
    first = changes.changes[0]
    return (
        first.kind,
        _NUMBER.sub("0", first.what),
        _NUMBER.sub("0", first.where or ""),
        *((first.first, first.second) if first.kind in _TELLING else ()),
        tuple(sorted({each.kind for each in changes.changes})),
    )


_TELLING = (Kind.CALLS, Kind.RETRIES, Kind.FAULTS, Kind.ENDS, Kind.ORDER, Kind.FINDINGS)
"""Kinds of which the sides are few and say what happened; of others they are free text."""


def _group(group: Sequence[SessionChanges], width: int) -> Iterator[Line]:
    """Sessions whose first change is alike, told by the first of them."""
    example, *others = group
    name = clean(example.session or "calls of no session")
    alike = ""
    if others:
        names = ", ".join(clean(each.session or "no session") for each in others[:2])
        more = f" and {len(others) - 2:,} more" if len(others) > 2 else ""
        alike = f", and alike {names}{more}"
    yield from wrapped(f"{name}{alike}", width, by=2)
    yield from change_lines(example.changes[0], width, by=4)
    later = [each.kind for each in example.changes[1:]]
    if later:
        kinds = ", ".join(f"{later.count(kind)} {kind.value}" for kind in dict.fromkeys(later))
        yield from wrapped(f"after that: {kinds}", width, "dim", by=6)


def change_lines(change: Change, width: int, *, by: int) -> Iterator[Line]:
    """One change: when and what, then how it was in each run."""
    turn = "" if change.turn is None else f", turn {change.turn}"
    place = f" in `{clean(change.where)}`" if change.where else ""
    head = f"{change.kind.value}: {clean(change.what)}{place}, at {seconds(change.at)}{turn}"
    yield from wrapped(head, width, "yellow", by=by)
    for label, text, calls in zip(
        ("first ", "second"), (change.first, change.second), change.calls, strict=True
    ):
        names = f"  ({numbered(calls)})" if calls else ""
        yield from wrapped(f"{label}  {clean(text)}{names}", width, by=by + 2)


def _alone(
    which: str, alone: Sequence[tuple[str, str]], other: RunRecord, width: int
) -> Iterator[Line]:
    """The sessions that only one run has; of a scenario that the other has not, their number."""
    scenarios: dict[str, list[str]] = {}
    for scenario, session in alone:
        scenarios.setdefault(scenario, []).append(session)
    if alone:
        yield line("")
        yield line(f"in the {which} run only", "bold")
    known = {each.name for each in other.scenarios}
    for scenario, sessions in scenarios.items():
        names = ""
        if scenario in known:
            names = f": {', '.join(map(clean, sessions[:MOST_SESSIONS]))}"
            rest = len(sessions) - MOST_SESSIONS
            names += f" and {rest} more" if rest > 0 else ""
        own = "" if scenario in known else "the scenario, with its "
        number = count(len(sessions), "session")
        yield from wrapped(f"{clean(scenario)}: {own}{number}{names}", width, by=2)


def _summary(changed: Iterable[SessionChanges], width: int) -> list[Line]:
    """How many sessions and changes there are of each kind."""
    rows = []
    sessions = list(changed)
    for kind in Kind:
        numbers = [sum(own.kind is kind for own in each.changes) for each in sessions]
        if any(numbers):
            texts = (kind.value, f"{sum(map(bool, numbers)):,}", f"{sum(numbers):,}", ABOUT[kind])
            rows.append([Span(text) for text in texts])
    return table(_COLUMNS, rows, width)


def comparison_json(comparison: Comparison, first: RunRecord, second: RunRecord) -> str:
    """All that two runs did differently, as indented JSON. Times are in nanoseconds."""
    return json.dumps(
        {
            "equal": comparison.equal,
            "first": _of_run(first),
            "second": _of_run(second),
            "notes": comparison.notes,
            "compared": comparison.compared,
            "changed": [_of_session(each) for each in comparison.changed],
            "only_first": [_named(*each) for each in comparison.only_first],
            "only_second": [_named(*each) for each in comparison.only_second],
        },
        indent=2,
    )


def _of_run(record: RunRecord) -> dict[str, Any]:
    names = ("run", "suite", "agent", "seed", "digest")
    return {each: getattr(record, each) for each in names}


def _named(scenario: str, session: str | None) -> dict[str, Any]:
    return {"scenario": scenario, "session": session}


def _of_session(each: SessionChanges) -> dict[str, Any]:
    changes = [
        {
            "kind": change.kind.value,
            "at_ns": change.at,
            "turn": change.turn,
            "what": change.what,
            "where": change.where,
            "first": {"was": change.first, "calls": change.calls[0]},
            "second": {"was": change.second, "calls": change.calls[1]},
        }
        for change in each.changes
    ]
    return {**_named(each.scenario, each.session), "changes": changes}
