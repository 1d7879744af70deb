"""Finds a run that is to be gone on with, and refuses where it would not be the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.api.choice import Choice
from evalkit.api.fingerprints import (
    changed_files,
    changed_versions,
    dependencies,
    files_of,
    hash_of,
)
from evalkit.api.paths import Paths, suites_in
from evalkit.api.planning import chosen, plan_one
from evalkit.api.versions import versions
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.store import KEY, KeptCell, Run, RunRecord, kept_key, new_key

_MOST_TOLD, _MOST_WARNED = 20, 5


def plan_again(
    run: Run, paths: Paths, choice: Choice, kept: Mapping[CellKey, KeptCell]
) -> SuitePlan:
    """The plan of a run as it is now. Raises `UsageError` where anything was asked for that the
    run was not of, and `SuiteError` where the suite is wrong by now.
    """
    record = run.record
    _refuse_other(run, paths)
    _refuse(run, tuple(_not_of(record, choice)))
    changed = changed_files(record.files, _files_now(record))
    _refuse(run, [how for name, how in changed.items() if _mattered(name, record, kept)])
    plan = plan_one(
        Path(record.path),
        scenario=record.chosen,
        session=record.session,
        seed=record.seed,
        agent=record.agent,
        controls=record.controls,
        live=record.live,
    )
    return replace(_of_these(plan, record), early=record.early)


def _not_of(record: RunRecord, choice: Choice) -> Iterator[str]:
    """What was asked for that the run is not of."""
    asked = (
        ("scenario", choice.scenario, record.chosen),
        ("session", choice.session, record.session),
        ("agent", choice.agent, record.agent),
    )
    for name, given, was in asked:
        if given is not None and given != was:
            of = "the suite's own" if was is None and name == "agent" else repr(was)
            yield f"--{name} {given!r} was asked for, and the run is of {of}"
    if choice.seed is not None and choice.seed != record.seed:
        yield f"the seed was {record.seed} and is to be {choice.seed}"


def _mattered(name: str, record: RunRecord, kept: Mapping[CellKey, KeptCell]) -> bool:
    """Whether what is kept of a run may depend on a file: the suite names it, or one of the cells
    has read it, or one of which that is not known.
    """
    return name in record.named or any(
        each.loaded is None or name in each.loaded for each in kept.values()
    )


def _of_these(plan: SuitePlan, record: RunRecord) -> SuitePlan:
    """The plan of the scenarios that the run was of: a test framework may have chosen some."""
    names = {each.name for each in record.scenarios if not each.added}
    others = {each.name for each in plan.scenarios if not each.added} - names
    return chosen(plan, names) if names and others else plan


def _files_now(record: RunRecord) -> dict[str, str]:
    """What is there of the files, before the suite is read: a mistake in it is a change, too."""
    folder = Path(record.path).parent
    return {name: hash_of(folder / name) for name in record.files if (folder / name).exists()}


def refuse_changes(run: Run, plan: SuitePlan, kept: Mapping[CellKey, KeptCell]) -> tuple[str, ...]:
    """Raise `UsageError` that names what changed since the run began. What is said of other files,
    that nothing which is kept has read, is worth a warning.
    """
    record = run.record
    changed = changed_files(record.files, files_of(plan))
    mattered = {name: _mattered(name, record, kept) for name in changed}
    _refuse(
        run,
        [
            *(how for name, how in changed.items() if mattered[name]),
            *changed_versions(record.versions, versions()),
            *changed_versions(record.dependencies, dependencies()),
            *_replanned(record, plan),
        ],
    )
    if not (told := [how for name, how in changed.items() if not mattered[name]]):
        return ()
    more = f", and {len(told) - _MOST_WARNED} more" if len(told) > _MOST_WARNED else ""
    them = "it" if len(told) == 1 else "any of them"
    return (
        f"since the run began, {', '.join(told[:_MOST_WARNED])}{more}; "
        f"no session that is kept of it had read {them}",
    )


def _replanned(record: RunRecord, plan: SuitePlan) -> Iterator[str]:
    """What is left that no file tells of: what the run was asked for."""
    planned = ((each.name, each.stopped or each) for each in record.scenarios)
    was = {name: (each.sessions, each.cells) for name, each in planned}
    now = {each.name: (each.sessions, len(each.cells)) for each in plan.scenarios}
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            yield f"the scenario {name} is planned in another way"


def _refuse(run: Run, wrong: Sequence[str]) -> None:
    if not wrong:
        return
    told = dict.fromkeys(wrong)
    lines = [f"  {each}" for each in list(told)[:_MOST_TOLD]]
    if len(told) > _MOST_TOLD:
        lines.append(f"  and {len(told) - _MOST_TOLD} more")
    message = "\n".join((f"{run.id} cannot be resumed, for it would not be the same run:", *lines))
    raise UsageError(message, hint=f"start a new one: {run.record.command}")


def _refuse_other(run: Run, paths: Paths) -> None:
    """The suite of the run has to be among those that were asked for, if any were."""
    if isinstance(paths, Sequence) and not paths:
        return
    own = Path(run.record.path)
    if own.resolve() not in {each.resolve() for each in suites_in(paths)}:
        raise UsageError(f"{run.id} is a run of {own}, which is not what was asked for")


def cells_planned(record: RunRecord) -> tuple[CellKey, ...]:
    """The cells that the run was to be of."""
    return tuple(
        CellKey(each.name, index)
        for each in record.scenarios
        for index in range((each.stopped or each).cells)
    )


def kept_cells(run: Run, cells: Sequence[CellKey]) -> dict[CellKey, KeptCell]:
    """The cells that are complete, and what came of them."""
    found = ((cell, run.kept(cell)) for cell in cells)
    return {cell: kept for cell, kept in found if kept is not None}


def key_of(run: Run, *, kept: int, planned: int) -> bytes:
    """The key that the pseudonyms of the run go on to be made with."""
    key = kept_key(run.folder)
    if key is not None:
        return key
    if 0 < kept < planned:
        message = f"{run.id} has lost the key of its pseudonyms, {run.folder / KEY}"
        hint = "what is run now would get other pseudonyms for equal values; start a new run"
        raise UsageError(message, hint=hint)
    return new_key(run.folder)
