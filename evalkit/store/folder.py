"""Where runs are kept: their ids, their folders, and the names of the parts in them.

reports/<run id>/run.json
reports/<run id>/calls/<cell>.parquet      likewise turns, sessions, events
reports/<run id>/calls/<cell>.partial      of a cell that was interrupted
reports/<run id>/.key                      while the run can be resumed: see evalkit.store.key
reports/<run id>/.lock                     while a process goes on with it: see evalkit.store.hold
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.keyed import digest_of

RECORD = "run.json"
LATEST = "latest"
_ALLOWED = "a folder that holds run.json, the id of a run, or `latest`"
WHOLE = ".parquet"
PARTIAL = ".partial"
"""The suffix of the parts of a cell that was not run to its end: readers include them, and such a
cell does not count as complete."""


def new_run_id(suite: str, now: datetime, token: str) -> str:
    """The id of a run of this suite that starts now."""
    return f"{suite}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{token}"


def new_folder(out: Path, suite: str, now: datetime) -> Path:
    """A folder of its own for a run that starts now."""
    while True:
        folder = out / new_run_id(suite, now, secrets.token_hex(2))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if folder.is_dir():
                continue
            raise UsageError(f"{out} is a file, and runs need a folder") from None
        except OSError as error:
            raise UsageError(f"cannot write runs to {out}: {error.strerror}") from error
        return folder


def part_name(cell: CellKey) -> str:
    """The name of a cell's parts, without their suffix: safe as a file's, and of this cell only."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", cell.scenario).strip(".-")[:80]
    if plain != cell.scenario.lower():  # some file systems take `A` and `a` for one
        plain = f"{plain}-{digest_of(cell.scenario).hex()[:8]}"
    return f"{plain}-{cell.index:05}"


def holds_runs(folder: Path) -> bool:
    """Whether runs are kept in this folder, or it is one."""
    return (folder / RECORD).is_file() or next(runs_in(folder), None) is not None


def runs_in(out: Path) -> Iterator[Path]:
    """The folders of runs in a folder, in order of their names."""
    if out.is_dir():
        yield from sorted(each.parent for each in out.glob(f"*/{RECORD}"))


def find_run(name: str | Path, out: Path) -> Path:
    """The folder of a run, given its path, its id, the start of its id, or `latest`."""
    if not str(name).strip():
        raise UsageError(f"the name of a run is empty; allowed: {_ALLOWED}")
    path = Path(name)
    if (path / RECORD).is_file():
        return path
    if path.name == RECORD and path.is_file():
        return path.parent
    runs = list(runs_in(out))
    if str(name) == LATEST:
        return _latest(runs, out)
    if (exact := out / str(name)) in runs:
        return exact
    begun = [each for each in runs if each.name.startswith(str(name))]
    if len(begun) == 1:
        return begun[0]
    raise _not_found(str(name), begun or runs, out)


def _latest(runs: list[Path], out: Path) -> Path:
    if not runs:
        raise UsageError(f"there is no run in {out} yet", hint="start one with `evalkit run PATH`")
    return max(runs, key=_started)


def _started(folder: Path) -> tuple[float, int]:
    """When a run began, in seconds, as it was recorded: its files may have been copied, or written
    again, since. Where that cannot be read, when they were.
    """
    path = folder / RECORD
    written = path.stat().st_mtime_ns
    try:
        started = datetime.fromisoformat(json.loads(path.read_bytes())["started"])
    except (OSError, ValueError, TypeError, KeyError):
        return written / 1e9, written
    return (started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp(), written


def _not_found(name: str, candidates: list[Path], out: Path) -> UsageError:
    newest = ", ".join(each.name for each in candidates[-5:])
    known = f"runs in {out}: {newest}" if newest else f"there is no run in {out} yet"
    return UsageError(f"no run {name!r}; allowed: {_ALLOWED}", hint=known)
