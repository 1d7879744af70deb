"""The runs in a folder, and which of them a question is about."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import UsageError
from evalkit.store import Run, RunRecord, Status, find_run, read_record, runs_in


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run's folder and its record."""

    folder: Path
    record: RunRecord

    @property
    def complete(self) -> bool:
        """Whether it was run to its end, so that its figures are of all that was planned."""
        return self.record.status is Status.COMPLETE

    @property
    def whole(self) -> bool:
        """Whether it is complete and of its whole suite."""
        return self.complete and self.record.chosen is None and self.record.session is None

    def check(self) -> str | None:
        """What is wrong with its tables; None if nothing."""
        try:
            Run(self.folder, self.record).check()
        except UsageError as error:
            return error.message
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The runs in a folder, the oldest first. `skipped` says what could not be read, and why."""

    runs: tuple[StoredRun, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which runs: of these suites and branches (any where there are none), begun from `since` and
    before `until` (ISO 8601 in UTC), and of each suite and branch the `last` so many.

    Branches are told apart only where some are named.
    """

    suites: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    last: int | None = 1


def stored_runs(out: str | os.PathLike[str], run: str | None = None) -> Found:
    """The runs in a folder, or one of them by its name. Raises `UsageError` where it is not there.

    A run that this evalkit cannot read is skipped, and said to be.
    """
    folder = Path(out)
    if run is not None:
        path = find_run(run, folder)
        return Found(runs=(StoredRun(folder=path, record=read_record(path)),))
    if not folder.is_dir():
        hint = "start one with `evalkit run PATH`, or name the folder with --out"
        raise UsageError(f"there is no folder {folder}, so no runs", hint=hint)
    found, skipped = [], []
    for path in runs_in(folder):
        try:
            found.append(StoredRun(folder=path, record=read_record(path)))
        except UsageError as error:
            skipped.append(f"{path.name} is left out: {error.message}")
    found.sort(key=lambda each: (each.record.started, each.record.run))
    return Found(runs=tuple(found), skipped=tuple(skipped))


def chosen(runs: Iterable[StoredRun], choice: Choice) -> list[StoredRun]:
    """The complete runs that the choice names, the oldest first.

    Whole ones only, unless a suite has no other: a run of one scenario has no place in a trend.
    """
    kept = [each for each in runs if each.complete and _within(each.record, choice)]
    groups: dict[tuple[str, str | None], list[StoredRun]] = defaultdict(list)
    for each in kept:
        groups[each.record.suite, each.record.branch if choice.branches else None].append(each)
    picked = [each for group in groups.values() for each in _last(group, choice.last)]
    return sorted(picked, key=lambda each: (each.record.started, each.record.run))


def _within(record: RunRecord, choice: Choice) -> bool:
    return (
        _among(record.suite, choice.suites)
        and _among(record.branch, choice.branches)
        and (choice.since is None or record.started >= choice.since)
        and (choice.until is None or record.started < choice.until)
    )


def _among(value: str | None, allowed: Collection[str]) -> bool:
    return not allowed or value in allowed


def _last(group: Sequence[StoredRun], number: int | None) -> Sequence[StoredRun]:
    group = [each for each in group if each.whole] or group
    return group if number is None else group[-number:]
