"""The index over runs: the last verdict per suite and branch, and the trend of the main figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.report.html.view import PastRun

MOST_TREND = 40
"""Runs that a trend is drawn over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The runs of a suite on a branch, the oldest first."""

    suite: str
    branch: str | None
    runs: tuple[PastRun, ...]

    @property
    def last(self) -> PastRun:
        """The newest run: of the whole suite, if there is one."""
        whole = [each for each in self.runs if each.whole]
        return (whole or self.runs)[-1]

    @property
    def trend(self) -> tuple[PastRun, ...]:
        """The runs of the whole suite, up to so many."""
        return tuple(each for each in self.runs if each.whole)[-MOST_TREND:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All runs, the newest first, and by suite and branch."""

    lines: tuple[Line, ...]
    runs: tuple[PastRun, ...]


def overview_of(past: Sequence[PastRun]) -> Overview:
    """The overview of these runs, which are in order of their time."""
    groups: dict[tuple[str, str | None], list[PastRun]] = defaultdict(list)
    for each in past:
        groups[each.suite, each.branch].append(each)
    lines = [
        Line(suite=suite, branch=branch, runs=tuple(own)) for (suite, branch), own in groups.items()
    ]
    lines.sort(key=lambda each: (each.last.verdict == "pass", each.suite, each.branch or ""))
    return Overview(lines=tuple(lines), runs=tuple(reversed(past)))
