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
from typing import TYPE_CHECKING

from evalkit.errors import UsageError
from evalkit.gate import GateResult, Verdict
from evalkit.gate.baseline import Compared
from evalkit.metrics import Spent
from evalkit.store.command import command_of
from evalkit.store.folder import RECORD
from evalkit.store.scenario import ScenarioRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1

SIMULATED, REAL = "simulated", "real"
"""What kind of time the figures of a run are in."""


class Status(StrEnum):
    """How far a run came. A run that was killed stays `unfinished`."""

    UNFINISHED = "unfinished"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run. Times are ISO 8601 in UTC; `digest` is None until every cell is done.

    `gates` are those of the suite, judged over the scenarios that inject nothing, and `difference`
    is where a second run of the same began to differ. `clock` says what kind of time the figures
    are in, `egress` what kept the agent from reaching the real network, `command` how to run the
    same again. `session` is the only one that was to be run, if one was chosen, `chosen` the glob
    over the scenarios, if one was given, and `agent` the one that took the place of the suite's.

    `files` holds the SHA-256 of every file that the run may be made of, by its path from the
    suite's folder, `named` which of them the suite names, and `dependencies` the version of every
    library that was installed: a run is resumed only where libraries, the files named and those
    that its complete cells have read are the same. `resumed` is when that was done.

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
    agent: str | None = None
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
    named: tuple[str, ...] = ()
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

    def again(
        self,
        scenario: str | None = None,
        session: str | None = None,
        *,
        compared: Compared | None = None,
    ) -> str:
        """The command that runs a scenario of it again, or a session of one; held against what it
        was `compared` with.
        """
        return command_of(
            self.path,
            seed=self.seed,
            scenario=scenario,
            session=session,
            agent=self.agent,
            live=self.live,
            compared=compared,
        )

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
