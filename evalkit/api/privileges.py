"""What the agent of a stored run did where, held against the list that people accepted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from evalkit.api.loading import load_run
from evalkit.api.paths import suites_in
from evalkit.checks.privileges import (
    Privilege,
    Privileges,
    accepted_of,
    beyond,
    list_of,
    together,
    used,
    written,
)
from evalkit.errors import UsageError
from evalkit.store import Run, Status, runs_in

_KINDS = ("call_started", "call_ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What a run used, and what had been accepted (None: nothing yet).

    `whole` says that all of the suite ran, so that what was not used is not needed.
    """

    run: Run
    path: Path
    used: Privileges
    accepted: Privileges | None
    whole: bool

    @property
    def new(self) -> tuple[Privilege, ...]:
        """What was used and not accepted."""
        return beyond(self.used, self.accepted or {})

    @property
    def unused(self) -> tuple[Privilege, ...]:
        """What was accepted and not used; nothing where not all of the suite ran."""
        return beyond(self.accepted or {}, self.used) if self.whole else ()

    @property
    def proposed(self) -> Privileges:
        """What the list says once this run is accepted."""
        return self.used if self.whole else together((self.accepted or {}, self.used))


def review(target: str, *, out: str | os.PathLike[str] = "reports") -> Reviewed:
    """What a run used: that one, or the last one of a suite given by its path.

    Raises `UsageError` where there is none, or its suite is not there any more.
    """
    run = _run_of(target, Path(out))
    suite = Path(run.record.path)
    if not suite.is_file():
        hint = "run this from the folder where the run was made"
        raise UsageError(f"the suite of run {run.id} is not there: {suite}", hint=hint)
    scenarios = [each.name for each in run.record.scenarios]
    record = run.record
    return Reviewed(
        run=run,
        path=list_of(suite),
        used=together(used(run.each_record(each, kinds=_KINDS)) for each in scenarios),
        accepted=accepted_of(suite),
        whole=record.status is Status.COMPLETE and record.session is None and record.chosen is None,
    )


def accept(reviewed: Reviewed) -> None:
    """Write the list anew, as the run has it. Raises `UsageError`."""
    text = written(reviewed.proposed, Path(reviewed.run.record.path).name)
    try:
        reviewed.path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {reviewed.path}: {error.strerror}") from None


def _run_of(target: str, out: Path) -> Run:
    path = Path(target)
    is_suite = (path.is_file() and path.suffix in (".yaml", ".yml")) or _has_suites(path)
    if not is_suite:
        return load_run(target, out=out)
    suites = suites_in(path)
    if len(suites) > 1:
        names = ", ".join(map(str, suites))
        raise UsageError(f"{target} holds several suites; name one", hint=names)
    return _last_of(suites[0], out)


def _has_suites(path: Path) -> bool:
    return path.is_dir() and not (path / "run.json").is_file() and any(path.glob("**/*.eval.yaml"))


def _last_of(suite: Path, out: Path) -> Run:
    own = [run for folder in runs_in(out) if (run := _of(folder, suite)) is not None]
    if not own:
        hint = f"run it first: evalkit run {suite}"
        raise UsageError(f"no run of {suite} is kept in {out}", hint=hint)
    return max(own, key=lambda run: run.record.started)


def _of(folder: Path, suite: Path) -> Run | None:
    """The run in a folder, if it is one of this suite that can be read."""
    try:
        run = Run(folder)
    except UsageError:
        return None
    return run if Path(run.record.path).resolve() == suite.resolve() else None
