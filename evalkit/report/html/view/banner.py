"""What is said first: the verdict, why, and what makes this run this run."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate import Verdict
from evalkit.report.html.view.places import Place, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One of the few figures at the top. `of` says of what, `bad` that it should stand out."""

    label: str
    figure: str
    of: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A figure that keeps the run from passing, in a line: of a gate, or against the baseline.
    `plain` says what the figure is; `changed` that the places are sessions that did something
    else than in the baseline, and not only the worst of them.
    """

    text: str
    scope: str
    critical: bool
    part: str
    plain: str = ""
    places: tuple[Place, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The verdict and why, and what makes this run this run."""

    verdict: Verdict | None
    title: str
    why: str
    suite: str
    run: str
    status: str
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    totals: tuple[Total, ...]
    clock: str | None
    command: str
    go_on: str | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    first: tuple[Problem, ...]
    more_first: int
    missed: tuple[Missed, ...]
    more_missed: int
    do: str | None = None
    simulated: bool = False
