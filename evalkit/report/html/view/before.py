"""A run against its baseline."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate import Verdict
from evalkit.metrics import Unit
from evalkit.report.html.view.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A figure of a scenario that is worse or better than in the baseline. Where it `counts` not,
    its scenario does not block.
    """

    scenario: str
    figure: str
    unit: Unit
    before: float
    now: float
    counts: bool
    why: str
    places: tuple[Place, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Sessions that took another step than in the baseline, and how many are bad since."""

    scenario: str
    before: str
    now: str
    sessions: int
    bad: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The run against its baseline."""

    baseline: str
    verdict: Verdict
    summary: str
    worse: tuple[Moved, ...]
    better: tuple[Moved, ...]
    changes: tuple[Change, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    notes: tuple[str, ...]
