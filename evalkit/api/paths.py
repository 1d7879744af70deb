"""Which suites are meant by paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from evalkit.errors import UsageError

Paths: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

PATTERN = "*.eval.yaml"
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


def suites_in(paths: Paths) -> tuple[Path, ...]:
    """The suite files at these paths, each once; folders are searched. Raises `UsageError`."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    found: dict[Path, Path] = {}
    for each in given:
        for suite in _at(Path(each)):
            found.setdefault(suite.resolve(), suite)
    return tuple(found.values())


def _at(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"there is no {path}", hint=_nearby(path))
    found = list(_below(path))
    if not found:
        raise UsageError(f"there is no suite in {path}", hint=f"a suite is a file named {PATTERN}")
    return found


def _below(folder: Path) -> Iterator[Path]:
    """The suites in a folder and the folders in it, but not in hidden ones."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            each for each in folders if not each.startswith(".") and each not in _SKIPPED
        )
        yield from (Path(root, each) for each in sorted(files) if Path(each).match(PATTERN))


def _nearby(path: Path) -> str | None:
    """A suite that may have been meant."""
    folder = path.parent
    if not folder.is_dir():
        return None
    there = [each.name for each in sorted(folder.iterdir()) if not each.name.startswith(".")]
    from evalkit.suite.problems import closest

    meant = closest(path.name, there)
    return None if meant is None else f"did you mean {folder / meant}?"
