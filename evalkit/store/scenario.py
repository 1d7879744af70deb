"""A scenario in the record of a run: what was planned of it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.gate import CheckResult, GateResult, RuleResult, Verdict
from evalkit.journal.records import End
from evalkit.live.meter import Fidelity

CRITICAL = "critical"
"""The tag of scenarios that come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """A cell that could not be run to its end, and why."""

    cell: int
    what: str
    detail: str = ""
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRecord:
    """The quarantine of a scenario. It `holds` up to and including the day that ends it."""

    owner: str
    reason: str
    until: str
    holds: bool

    def __str__(self) -> str:
        if self.holds:
            return f"quarantined until {self.until} by {self.owner}, does not block: {self.reason}"
        return f"blocks again: its quarantine by {self.owner} ended on {self.until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Why a scenario was ended early, of how many sessions and cells that were planned."""

    why: str
    sessions: int
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRecord:
    """A scenario: what was planned of it, and what came of it once it was judged.

    `ends` counts the planned sessions by how they ended, `reasons` say why it is not a pass, and
    `allowed` names the checks whose violations do not fail it, and `rules` are its fault rules as
    a suite writes them. `expected` are the ends that it expressly takes for good, and `warnings`
    what somebody should look at though nothing hangs on it. `control` names the scenario of the
    same sessions without faults; one that is `added` is there for that only, and is not judged.
    `fidelity` says of a live one how faithful its world was. `quarantine` says why one does not
    block for now; where it `holds`, `blocking` is False. Of one that was `stopped` early, sessions
    and cells are those that were run. `cut_off` counts the sessions that were under way when the
    run was interrupted: of them, and of those that were not begun, there are no figures.
    """

    name: str
    sessions: int
    cells: int
    faulty: bool = False
    blocking: bool = True
    allowed: tuple[str, ...] = ()
    description: str | None = None
    rules: tuple[Mapping[str, Any], ...] = ()
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ends: Mapping[End, int] = field(default_factory=dict)
    gates: tuple[GateResult, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    faults: tuple[RuleResult, ...] = ()
    problems: tuple[CellProblem, ...] = ()
    digest: str | None = None
    expected: tuple[End, ...] = ()
    warnings: tuple[str, ...] = ()
    control: str | None = None
    added: bool = False
    fidelity: Fidelity | None = None
    tags: tuple[str, ...] = ()
    quarantine: QuarantineRecord | None = None
    stopped: Stopped | None = None
    cut_off: int = 0

    @property
    def counted(self) -> tuple[tuple[str, int], ...]:
        """The sessions by what became of them, in words; what became of none is left out."""
        ends = [(end.value.replace("_", " "), number) for end, number in self.ends.items()]
        if ends:
            left = self.sessions - sum(self.ends.values()) - self.cut_off
            ends += [("cut off", self.cut_off), ("not run", max(0, left))]
        return tuple((what, number) for what, number in ends if number)

    @property
    def stopped_words(self) -> str | None:
        """That it was ended early, after how many sessions, and why; None if it was not."""
        if (stopped := self.stopped) is None:
            return None
        return f"stopped early after {self.sessions} of {stopped.sessions} sessions: {stopped.why}"

    @property
    def critical(self) -> bool:
        """Whether it is tagged `critical`: reports name such scenarios before others."""
        return CRITICAL in self.tags

    @property
    def standing(self) -> str:
        """What there is to say of whether it blocks; empty where it simply does."""
        if self.quarantine is not None and (self.quarantine.holds or self.blocking):
            return str(self.quarantine)
        return "" if self.blocking else "does not block"

    @property
    def unattributed(self) -> int:
        """Live: the calls of which it is not known which session they were of."""
        return 0 if self.fidelity is None else dict(self.fidelity.calls).get("nothing", 0)
