"""What comparing a run with a baseline comes to."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate.verdict import Verdict
from evalkit.metrics.definitions import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much worse a series may be before it is a regression.

    `share` is relative to the baseline's figure, `time` the nanoseconds that are the least
    that counts of a time, `rate`
    the least that counts of a rate where sessions are a sample. `alpha` is the chance of calling a
    regression what is none, for all series of a scenario together.
    """

    share: float = 0.05
    time: int = 10_000_000
    rate: float = 0.01
    alpha: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One series of a scenario, before and now.

    `what` says which figure moved most: `rate`, `mean`, or a quantile like `p99`. `low` and `high`
    bound the change where sessions are a sample. `worse` and `better` count the sessions that moved
    by more than the tolerance where they are paired, `p` is the chance of so many by luck.
    """

    scenario: str
    series: str
    unit: Unit
    what: str
    before: float
    now: float
    n: int
    low: float | None = None
    high: float | None = None
    worse: int | None = None
    better: int | None = None
    p: float | None = None

    @property
    def change(self) -> float:
        """How much more it is now."""
        return self.now - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSession:
    """A session that did something else: the first step that differs, from 1, on both sides."""

    scenario: str
    session: str
    step: int
    before: str | None
    now: str | None
    was_good: bool | None = None
    is_good: bool | None = None

    @property
    def newly_bad(self) -> bool:
        """Whether it was good and is no longer."""
        return bool(self.was_good) and self.is_good is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A run against a baseline. `paired` says that the sessions are the same ones, replayed.

    `new` and `vanished` name scenarios, services and sessions that only one side has; `notes` what
    makes the two differ by itself. `excused` are the scenarios that do not block: what got worse in
    them is told, and counts for nothing.

    `file` is that of the baseline, where it was read from one, and `revision` the commit that was
    run for it, where one was.
    """

    baseline: str
    run: str
    paired: bool
    sessions: int
    regressions: tuple[Shift, ...] = ()
    improvements: tuple[Shift, ...] = ()
    changed: tuple[ChangedSession, ...] = ()
    new: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    file: str | None = None
    revision: str | None = None

    @property
    def counting(self) -> tuple[Shift, ...]:
        """The regressions that count."""
        return tuple(each for each in self.regressions if each.scenario not in self.excused)

    @property
    def verdict(self) -> Verdict:
        """`fail` on a regression, `no_data` where no session is on both sides."""
        if self.counting:
            return Verdict.FAIL
        return Verdict.PASS if self.sessions else Verdict.NO_DATA
