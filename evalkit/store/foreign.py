"""Reads records of runs from archives and folders that anybody may have made.

Nothing of them is unpacked, followed or run, and no name in them is used as a path: what is taken
is the bytes of regular files called `run.json`, few of them and none of them large, and what is in
them is validated like any other record.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from evalkit.errors import UsageError
from evalkit.store.folder import RECORD
from evalkit.store.record import RunRecord, parse_record

MOST_RUNS = 20
MOST_BYTES = 8_000_000
"""Of one record, unpacked."""

LARGEST_ARCHIVE = 64_000_000
MOST_ENTRIES = 10_000
"""Entries of an archive or a folder that are looked at."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_Found: TypeAlias = "bytes | Unreadable"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read. `why` holds no word of what was in it."""

    why: str


def foreign_records(path: Path) -> tuple[RunRecord | Unreadable, ...]:
    """The records in a ZIP archive, in the folder of a run, or in the folders within a folder.

    What cannot be read is there as `Unreadable`. Raises `UsageError` where there is no such path.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}")
    found = _in_archive(path) if path.is_file() else _in_folder(path)
    return tuple(_parsed(each) for each in found) or (Unreadable(f"it holds no {RECORD}"),)


def _parsed(found: _Found) -> RunRecord | Unreadable:
    if isinstance(found, Unreadable):
        return found
    try:
        return parse_record(found)
    except (ValueError, RecursionError):
        return Unreadable(f"its {RECORD} is not the record of a run that this evalkit reads")


def _limited(found: Iterator[_Found]) -> Iterator[_Found]:
    for number, each in enumerate(found):
        if number == MOST_RUNS:
            yield Unreadable(f"it holds more than {MOST_RUNS} runs")
            return
        yield each


# Archives ----------------------------------------------------------------------------------------


def _in_archive(path: Path) -> Iterator[_Found]:
    if path.stat().st_size > LARGEST_ARCHIVE:
        yield Unreadable("the archive is too large")
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _limited(_entries(archive))
    except (OSError, ValueError, zipfile.BadZipFile):
        yield Unreadable("it is no ZIP archive")


def _entries(archive: zipfile.ZipFile) -> Iterator[_Found]:
    for entry in archive.infolist()[:MOST_ENTRIES]:
        if entry.filename.replace("\\", "/").rpartition("/")[2] == RECORD:
            yield _unpacked(archive, entry)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Found:
    if entry.compress_type not in _METHODS:
        return Unreadable("it is packed in a way that is not read")
    try:
        with archive.open(entry) as file:
            return _bounded(file.read(MOST_BYTES + 1))
    except (OSError, RuntimeError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return Unreadable("it is damaged or locked")


# Folders -----------------------------------------------------------------------------------------


def _in_folder(path: Path) -> Iterator[_Found]:
    own = path / RECORD
    if os.path.lexists(own):
        yield _content(own)
        return
    folders = sorted(_folders(path))
    yield from _limited(_content(each / RECORD) for each in folders)


def _folders(path: Path) -> Iterator[Path]:
    with os.scandir(path) as entries:
        for _, entry in zip(range(MOST_ENTRIES), entries, strict=False):
            if entry.is_dir(follow_symlinks=False) and os.path.lexists(Path(entry, RECORD)):
                yield Path(entry)


def _content(path: Path) -> _Found:
    """The bytes of a regular file; a link is not followed, a pipe not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Unreadable(f"its {RECORD} is no file")
            return _bounded(file.read(MOST_BYTES + 1))
    except OSError:
        return Unreadable(f"its {RECORD} is no file that can be read")


def _bounded(data: bytes) -> _Found:
    return data if len(data) <= MOST_BYTES else Unreadable(f"its {RECORD} is too large")
