"""The main figures of a run, kept beside its report so that an index need not read its tables."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path

from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.report.html.conduct import shares_of
from evalkit.report.html.groups import known, spread_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import PastRun
from evalkit.store import Run, RunRecord, read_record, runs_in

FIGURES = "figures.json"
"""The file of a run's main figures; made again with the report."""

MOST_RUNS = 200
"""Runs that an index tells of, the newest."""

MOST_PAST = 12
"""Runs that a report shows a trend over, with its own."""

MOST_READ = 12
"""Runs without figures of which the tables are read."""


def past_of(stored: Stored) -> PastRun:
    """The main figures of a run, over the scenarios of its suite."""
    import numpy as np

    record = stored.record
    added = [
        code
        for code, name in enumerate(stored.sessions.labels("scenario").texts)
        if name in record.added
    ]
    rows = np.flatnonzero(~np.isin(stored.sessions.labels("scenario").codes, added))
    sound = {each.name for each in record.scenarios if not each.faulty and not each.added}
    turns = stored.turns.labels("scenario")
    codes = [code for code, name in enumerate(turns.texts) if name in sound]
    spread = spread_of(
        known(stored.turns, "latency_ns", np.flatnonzero(np.isin(turns.codes, codes)))
    )
    return replace(
        told_by(record),
        sessions=len(rows),
        p90=None if spread is None else spread.p90,
        **shares_of(stored, rows),
    )


def told_by(record: RunRecord) -> PastRun:
    """What the record alone tells of a run."""
    own = [each for each in record.scenarios if not each.added]
    unpriced = any(each.unpriced for each in record.spent)
    return PastRun(
        run=record.run,
        suite=record.suite,
        branch=record.branch,
        commit=record.commit,
        started=record.started,
        verdict=None if record.verdict is None else record.verdict.value,
        status=record.status.value,
        seed=record.seed,
        whole=record.chosen is None and record.session is None,
        scenarios=len(own),
        passed=sum(each.verdict is Verdict.PASS for each in own),
        sessions=sum(each.sessions for each in own),
        completed=None,
        escalated=None,
        degraded=None,
        held=None,
        p90=None,
        cost=None if unpriced else sum(each.cost for each in record.spent),
        violations=sum(
            check.findings
            for each in own
            for check in each.checks
            if check.severity == "violation" and not check.allowed
        ),
    )


def keep(folder: Path, past: PastRun) -> None:
    """Write the figures of a run beside its report."""
    written = folder / f".{FIGURES}.{os.getpid()}"
    written.write_text(json.dumps(asdict(past), indent=1) + "\n", encoding="utf-8")
    written.replace(folder / FIGURES)


def past_runs(out: Path, without: Path | None = None) -> tuple[PastRun, ...]:
    """The runs in a folder but one, the oldest first, up to `MOST_RUNS` of the newest."""
    folders = sorted((each for each in runs_in(out) if each != without), key=_begun)[-MOST_RUNS:]
    found, read = [], 0
    for folder in reversed(folders):
        past = _kept(folder)
        if past is None:
            past = _read(folder, whole=read < MOST_READ)
            read += 1
        if past is not None:
            found.append(past)
    return tuple(sorted(found, key=lambda each: (each.started, each.run)))


def _begun(folder: Path) -> tuple[str, str]:
    """When a run began, as its id says: the name of its suite, then the time."""
    return folder.name.rsplit("-", 2)[-2] if folder.name.count("-") > 1 else "", folder.name


def _kept(folder: Path) -> PastRun | None:
    """The figures that were kept, unless the record was written since, or they are not ours."""
    path = folder / FIGURES
    try:
        if path.stat().st_mtime_ns < (folder / "run.json").stat().st_mtime_ns:
            return None
        told = json.loads(path.read_bytes())
        past = PastRun(**{each.name: told[each.name] for each in fields(PastRun)})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return replace(past, run=folder.name, here=False)


def _read(folder: Path, *, whole: bool) -> PastRun | None:
    try:
        record = read_record(folder)
        past = past_of(Stored.of(Run(folder, record))) if whole else told_by(record)
    except UsageError:
        return None  # a run of another version, or a damaged one, has no place in a trend
    return replace(past, run=folder.name)


def trend(runs: Iterable[PastRun], of: PastRun) -> tuple[PastRun, ...]:
    """The runs of the same suite before this one, whole ones only, and this one last."""
    before = [
        each
        for each in runs
        if each.suite == of.suite
        and each.whole
        and each.started < of.started
        and each.run != of.run
    ]
    return (*before[-(MOST_PAST - 1) :], replace(of, here=True))
