"""`run.json`: what ran, how, and what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import UsageError
from evalkit.gate import CheckResult, GateResult, RuleResult, Verdict
from evalkit.gate.baseline import Compared
from evalkit.journal.records import End
from evalkit.live.meter import Fidelity
from evalkit.metrics import Spent
from evalkit.store.folder import RECORD

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1

CRITICAL = "critical"
"""The tag of scenarios that come first."""

SIMULATED, REAL = "simulated", "real"
"""What kind of time the figures of a run are in."""


class Status(StrEnum):
    """How far a run came. A run that was killed stays `unfinished`."""

    UNFINISHED = "unfinished"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


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
    and cells are those that were run.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run. Times are ISO 8601 in UTC; `digest` is None until every cell is done.

    `gates` are those of the suite, judged over the scenarios that inject nothing, and `difference`
    is where a second run of the same began to differ. `clock` says what kind of time the figures
    are in, `egress` what kept the agent from reaching the real network, `command` how to run the
    same again. `session` is the only one that was to be run, if one was chosen, and `chosen` the
    glob over the scenarios, if one was given.

    `files` holds the SHA-256 of every file that the run was made of, by its path from the suite's
    folder, and `dependencies` the version of every library that was installed: a run is resumed
    only where they are the same. `resumed` is when that was done.

    `prices` names the price tables with their dates, in the order in which they are asked, and
    `spent` says which of them priced the calls to which model.

    `commit` and `branch` are those of the repository that the suite is in, where it is in one, and
    `budgets` how long the agent may wait for a logical call to a service, in nanoseconds.

    `compared` is what holding it against a baseline came to, if one was given.

    `warnings` are of the suite as a whole, `controls` says that faulty scenarios had theirs,
    `early` that scenarios were to end as soon as a gate was lost, and `not_started` why nothing
    could be run at all.
    """

    run: str
    suite: str
    path: str
    seed: int
    session: str | None = None
    chosen: str | None = None
    scenarios: tuple[ScenarioRecord, ...]
    command: str
    started: str
    finished: str | None = None
    status: Status = Status.UNFINISHED
    verdict: Verdict | None = None
    exit_code: int | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    digest: str | None = None
    difference: str | None = None
    resumed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    controls: bool = True
    early: bool = False
    commit: str | None = None
    branch: str | None = None
    budgets: Mapping[str, int] = field(default_factory=dict)
    not_started: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    dependencies: Mapping[str, str] = field(default_factory=dict)
    clock: str = SIMULATED
    egress: str = "python-only"
    prices: str | None = None
    spent: tuple[Spent, ...] = ()
    compared: Compared | None = None
    format: int = FORMAT

    def scenario(self, name: str) -> ScenarioRecord:
        """The scenario of this name."""
        return next(each for each in self.scenarios if each.name == name)

    @property
    def live(self) -> bool:
        """Whether its figures are in real time."""
        return self.clock == REAL

    @property
    def added(self) -> frozenset[str]:
        """The names of the controls that are no part of the suite."""
        return frozenset(each.name for each in self.scenarios if each.added)


def to_json(record: RunRecord) -> str:
    """The record as indented JSON. A figure that is no number becomes null."""
    return _adapter().dump_json(record, indent=2).decode()


def write_record(folder: Path, record: RunRecord) -> None:
    """Put the record in place whole: whoever reads finds the one before or this one."""
    written = folder / f".{RECORD}.{os.getpid()}"
    written.write_text(to_json(record) + "\n", encoding="utf-8")
    written.replace(folder / RECORD)


def read_record(folder: Path) -> RunRecord:
    """The record of a run's folder."""
    path = folder / RECORD
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _adapter().validate_json(data)
    except ValueError as error:
        _refuse_newer(path, data)
        hint = "it was not written by this version of evalkit, or was changed since"
        raise UsageError(f"{path} is not the record of a run", hint=hint) from error


def parse_record(data: bytes) -> RunRecord:
    """The record in these bytes. Raises `ValueError` where they hold none."""
    return _adapter().validate_json(data)


def _refuse_newer(path: Path, data: bytes) -> None:
    """Say so where a later evalkit wrote a record that this one cannot read."""
    with suppress(ValueError, TypeError, KeyError):
        given = int(json.loads(data)["format"])
        if given > FORMAT:
            message = f"{path} is of format {given}; this evalkit reads up to {FORMAT}"
            raise UsageError(message, hint="read it with the evalkit that wrote it, or a later one")


@cache
def _adapter() -> TypeAdapter[RunRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(RunRecord)
