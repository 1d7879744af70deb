"""A run against a baseline: for the terminal, and as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TextIO

from evalkit.gate import Verdict
from evalkit.gate.baseline import ChangedSession, Compared, Shift
from evalkit.metrics import format_figure
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.words import clean, count, style_of, worded

MOST_CHANGES = 8
"""Kinds of change that are shown of a scenario."""

_COLUMNS = (
    Column("scenario"),
    Column("series", wraps=True),
    Column("before", right=True),
    Column("now", right=True),
    Column("why", wraps=True),
)


def print_compared(compared: Compared, stream: TextIO) -> None:
    """Print what a comparison with a baseline came to."""
    print_lines(stream, compared_lines(compared, width_of(stream)))


def compared_json(compared: Compared) -> str:
    """The comparison as indented JSON, with its verdict; times in nanoseconds."""
    return json.dumps({"verdict": compared.verdict, **asdict(compared)}, indent=2)


def compared_lines(compared: Compared, width: int) -> Iterator[Line]:
    """The lines of a comparison: regressions first, then what changed."""
    yield line(f"baseline  {clean(compared.baseline)}")
    yield line(f"run       {clean(compared.run)}")
    yield from _body(compared, width)
    yield line("")
    yield from verdict_lines(compared, width)


def compared_brief(compared: Compared, width: int) -> Iterator[Line]:
    """The same where it is a part of a longer report."""
    yield from verdict_lines(compared, width)
    yield from _body(compared, width)


def _body(compared: Compared, width: int) -> Iterator[Line]:
    for note in compared.notes:
        yield from wrapped(f"note: {clean(note)}", width, "yellow")
    yield from _shifts("worse than the baseline", compared.counting, width, "red")
    spared = [each for each in compared.regressions if each not in compared.counting]
    yield from _shifts("worse, and does not block", spared, width, "yellow")
    yield from _shifts("better than the baseline", compared.improvements, width, "green")
    yield from changed_lines(compared.changed, width)
    for what, names in (("new", compared.new), ("gone", compared.vanished)):
        for name in names:
            yield from wrapped(f"{what}: {clean(name)}", width, "yellow")


def verdict_lines(compared: Compared, width: int) -> Iterator[Line]:
    """The verdict in a line, and why."""
    verdict = compared.verdict
    yield (
        Span(worded(verdict), style_of(verdict)),
        Span(f"  {'; '.join(summary(compared))}"),
    )
    if verdict is Verdict.NO_DATA:
        yield from wrapped("no session of the run is in the baseline", width, by=2)


def summary(compared: Compared) -> Iterator[str]:
    """How many of what, in a few words each."""
    how = "replayed" if compared.paired else "as a sample"
    yield f"{count(compared.sessions, 'session')} {how}"
    yield count(len(compared.counting), "regression")
    if spared := len(compared.regressions) - len(compared.counting):
        yield f"{spared:,} more where nothing blocks"
    if compared.improvements:
        yield count(len(compared.improvements), "improvement")
    if compared.paired:
        yield f"{count(len(compared.changed), 'session')} behaved differently"
    if newly := sum(each.newly_bad for each in compared.changed):
        yield f"{newly:,} of them newly bad"


def why(shift: Shift) -> str:
    """Why a change counts."""
    if shift.worse is not None:
        moved = f"{shift.worse:,} worse, {shift.better:,} better of {shift.n:,}"
        return moved if shift.p is None else f"{moved} (p {shift.p:.2g})"
    low, high = (format_figure(each, shift.unit) for each in (shift.low, shift.high))
    return f"changed by [{low}, {high}] in {shift.n:,} sessions"


def _shifts(title: str, shifts: Sequence[Shift], width: int, style: str) -> Iterator[Line]:
    if not shifts:
        return
    yield line("")
    yield line(title, f"bold {style}")
    rows = [
        (
            Span(clean(each.scenario)),
            Span(each.series if each.what == "rate" else f"{each.what}({each.series})"),
            Span(format_figure(each.before, each.unit)),
            Span(format_figure(each.now, each.unit), style),
            Span(why(each)),
        )
        for each in shifts
    ]
    yield from table(_COLUMNS, rows, width, by=2)


def changed_lines(changed: Iterable[ChangedSession], width: int) -> Iterator[Line]:
    """The sessions that did something else, those with one first difference together."""
    for scenario, found in groupby(changed, key=lambda each: each.scenario):
        sessions = list(found)
        yield line("")
        yield line(f"{clean(scenario)}: {count(len(sessions), 'session')} changed", "bold")
        kinds: dict[tuple[str | None, str | None], list[ChangedSession]] = {}
        for each in sessions:
            kinds.setdefault((each.before, each.now), []).append(each)
        ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
        for (before, now), alike in ordered[:MOST_CHANGES]:
            yield from _change(before, now, alike, width)
        if rest := sum(len(alike) for _, alike in ordered[MOST_CHANGES:]):
            yield line(f"and {count(rest, 'more session')} that differ otherwise", by=2)


def _change(
    before: str | None, now: str | None, alike: Sequence[ChangedSession], width: int
) -> Iterator[Line]:
    names = ", ".join(each.session for each in alike[:3])
    more = f" and {len(alike) - 3:,} more" if len(alike) > 3 else ""
    bad = sum(each.newly_bad for each in alike)
    newly = f", {bad:,} newly bad" if bad else ""
    yield from wrapped(f"{clean(names)}{more}{newly}", width, by=2)
    yield from wrapped(f"- {clean(before or 'nothing more')}", width, "red", by=4)
    yield from wrapped(f"+ {clean(now or 'nothing more')}", width, "green", by=4)
