"""One defective agent, or a sound one beside it, in simulation and then live."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evalkit import api
from evalkit.gate import Verdict
from evalkit.journal.records import Finding, Severity
from evalkit.store import Run
from tests.agents.rows import ROOT, UNDECLARED, Row, rows_of
from tests.agents.workshop import laid
from tests.live import shipped

LIMIT = 180.0
"""Seconds of world time that a row may take."""

START = 90.0
"""Real seconds, beyond the limit, for all that starts, on a machine that has much else to do."""

ONLY_SIMULATED: Mapping[str, str] = MappingProxyType(
    {
        "event-loop-not-blocked": "the agent's loop is seen only where it is the world's",
        "fits-simulation": "it tells of what does not work in simulation",
    }
)
"""The checks that need what live nobody sees, and why."""


class Caught(StrEnum):
    """What came of a row."""

    SAME = "caught live by the same check"
    ALIKE = "accused live, as the sound agent is"
    OTHER = "caught live by another"
    MISSED = "not caught live"
    UNSEEN = "not caught in simulation either without pauses"
    LONG = "takes too long"
    SIMULATED = "is seen in simulation only"
    BROKEN = "did not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who accused an agent, what kept it from being run, and the world time in seconds."""

    accusers: Mapping[str, str]
    seconds: float
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A row that is run both ways, or a sound agent under its scenario."""

    row: Row
    sound: bool = False
    limit: float = LIMIT

    @property
    def name(self) -> str:
        """Which agent it is."""
        return f"the sound agent ({self.row.sound or 'app'})" if self.sound else self.row.defect

    @property
    def defect(self) -> str | None:
        """Its name in the suite's `defects.py`; None for the shipped agent."""
        return self.row.sound if self.sound else self.row.defect


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """What came of a trial in simulation, and live if it was run so."""

    simulated: Told
    live: Told | None = None


def judged(trial: Trial, both: Both, sound: Both | None = None) -> Caught:
    """What that is for a row, beside what the sound agent came to: who accuses both, tells
    nothing.
    """
    if both.simulated.problem or (both.live is not None and both.live.problem):
        return Caught.BROKEN
    if trial.row.check in ONLY_SIMULATED:
        return Caught.SIMULATED
    if both.live is None:
        return Caught.LONG
    alike = set() if sound is None or sound.live is None else set(sound.live.accusers)
    if trial.row.check in both.live.accusers:
        return Caught.ALIKE if trial.row.check in alike else Caught.SAME
    if trial.row.check not in both.simulated.accusers:
        return Caught.UNSEEN
    return Caught.OTHER if set(both.live.accusers) - alike else Caught.MISSED


def accusations(both: Both) -> tuple[str, ...]:
    """What is said of a sound agent, which nobody may accuse, either way."""
    ways = {"in simulation": both.simulated, "live": both.live}
    return tuple(
        f"{way}: {said}"
        for way, told in ways.items()
        if told is not None
        for said in (told.problem, *(f"{k}: {v}" for k, v in told.accusers.items()))
        if said
    )


# One trial, in a process of its own


def run_both(trial: Trial) -> Both:
    """Run a trial in simulation, and then live if its world time allows for that."""
    simulated = _run(trial, live=False)
    if simulated.problem or simulated.seconds > trial.limit or _is_hidden(trial):
        return Both(simulated=simulated)
    return Both(simulated=simulated, live=_run(trial, live=True))


def _is_hidden(trial: Trial) -> bool:
    return not trial.sound and trial.row.check in ONLY_SIMULATED


def _run(trial: Trial, *, live: bool) -> Told:
    with tempfile.TemporaryDirectory(prefix="evalkit-") as name:
        path = _put(Path(name), trial)
        (found,) = api.run(path, live=live, controls=False, out=Path(name) / "reports")
        return told_of(found, trial.row)


def _put(folder: Path, trial: Trial) -> Path:
    """The suite with the trial's scenario and its agent."""
    row = trial.row
    whole = shipped.written_suite(row.suite)
    for service, fields in row.added.get(UNDECLARED, {}).items():
        for field in fields:
            whole["services"][service].pop(field, None)
    whole["scenarios"] = {row.scenario: _scenario(whole, row)}
    return shipped.put(folder, row.suite, shipped.with_agent(whole, row.suite, trial.defect))


def _scenario(whole: Mapping[str, Any], row: Row) -> dict[str, Any]:
    scenario = laid(whole["scenarios"][row.scenario], row.added)
    own = {name: each for name, each in scenario.get("sessions", {}).items() if name != "from"}
    ids = shipped.sessions_of(row.suite)[row.scenario][: row.sessions]
    items = shipped.without_pauses(row.suite, row.scenario, ids)
    return {**scenario, "sessions": {**own, "items": items}}


def told_of(found: Run, row: Row) -> Told:
    """What a run tells of the agent of a row."""
    records = found.records(row.scenario)
    allowed = found.record.scenarios[0].allowed
    accusers: dict[str, str] = {}
    for each in records:
        if not isinstance(each, Finding) or each.check in allowed:
            continue
        if each.severity is Severity.VIOLATION or each.check == row.advice:
            accusers.setdefault(each.check, f"{each.session}: {each.message}")
    problem = "; ".join(found.record.reasons) if found.verdict is Verdict.ERROR else None
    seconds = max((each.at for each in records), default=0) / 1e9
    return Told(accusers=accusers, seconds=seconds, problem=problem)


def trials_of(suite: str, limit: float) -> tuple[Trial, ...]:
    """The rows of a suite, and the sound agents under the same scenarios."""
    rows = rows_of(suite)
    most: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        key = (row.variant, row.sound)
        if key not in most or most[key].sessions < row.sessions:
            most[key] = row
    sound = [Trial(row=row, sound=True, limit=limit) for row in most.values()]
    return (*(Trial(row=row, limit=limit) for row in rows), *sound)


def tried(trial: Trial) -> Both:
    """What came of a trial in a process of its own, which is ended when it takes too long."""
    with subprocess.Popen(
        [sys.executable, "-c", "from tests.studies.live_trials import child; child()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    ) as process:
        try:
            out, _ = process.communicate(pickle.dumps(trial), timeout=trial.limit + START)
        except subprocess.TimeoutExpired:
            process.terminate()  # it ends its own in order
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=30)
            process.kill()
            return _broken(f"was not through after {trial.limit + START:.0f} s")
    return _broken("its process died") if not out else _loaded(out)


def _loaded(out: bytes) -> Both:
    both = pickle.loads(out)
    assert isinstance(both, Both)
    return both


def _broken(problem: str) -> Both:
    return Both(simulated=Told(accusers={}, seconds=0, problem=problem))


def child() -> None:
    """Take a pickled trial from the standard input, and give what came of it pickled."""
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what agents print is no answer
    trial: Trial = pickle.load(sys.stdin.buffer)
    try:
        both = run_both(trial)
    except Exception as error:
        both = _broken(f"{type(error).__name__}: {error}")
    with os.fdopen(out, "wb") as stream:
        pickle.dump(both, stream)
