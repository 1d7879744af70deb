"""What a run is made of: its files and libraries, so that what changed can be named.

The files are the suite, all that it and the definitions of its services name, and the agent's own:
code and texts (prompts, settings) in the folders that it is imported from.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from evalkit.engine.cells import SuitePlan
from evalkit.store import holds_runs

_TEXTS = frozenset(
    {
        *(".j2", ".jinja", ".jinja2", ".json", ".md", ".mustache", ".prompt", ".tmpl"),
        *(".toml", ".txt", ".yaml", ".yml"),
    }
)
_CODE = ".py"
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})
_FILE_NAME = re.compile(r"[\w./@+-]+\.[A-Za-z0-9]{1,8}\b")
_LONGEST_NAMING = 4 * 1024 * 1024
"""Bytes of a definition in which names of files are looked for."""


def files_of(plan: SuitePlan, named: Iterable[str] | None = None) -> dict[str, str]:
    """The SHA-256 of every file that a run of this plan may be made of, by path from its folder.
    Those that are `named` in it need not be looked for again, where they are known.
    """
    folder = plan.path.parent.resolve()
    found = {(folder / each).resolve() for each in (named_in(plan) if named is None else named)}
    for root in _agent_folders(plan):
        found.update(_tree(root))
    return dict(sorted(zip(_from(plan, found), map(hash_of, found), strict=True)))


def named_in(plan: SuitePlan) -> tuple[str, ...]:
    """Those of them that the suite names, or that is named in its place, by path from its folder.
    What the agent imports, and the texts that it reads, are not among them.
    """
    found = dict.fromkeys(_named(plan.path.resolve()))
    if (source := _agent_source(plan)).endswith(_CODE):
        found[(plan.path.parent.resolve() / source).resolve()] = None
    return tuple(sorted(_from(plan, found)))


def _from(plan: SuitePlan, paths: Iterable[Path]) -> Iterator[str]:
    folder = plan.path.parent.resolve()
    return (os.path.relpath(each, folder) for each in paths)


def _agent_source(plan: SuitePlan) -> str:
    """The file or the module of the agent; empty where it has none."""
    return (plan.suite.agent.python or plan.suite.agent.asgi or "").rpartition(":")[0]


def _named(first: Path) -> Iterator[Path]:
    """A file, and the files that it names, or that these name if they are YAML or JSON."""
    seen: set[Path] = set()
    waiting = [first]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        if path.suffix in {".json", ".yaml", ".yml"}:
            text = path.read_bytes()[:_LONGEST_NAMING].decode("utf-8", "replace")
            names = dict.fromkeys(_FILE_NAME.findall(text))
            waiting += [each for name in names if (each := _file(path.parent, name)) is not None]


def _file(folder: Path, name: str) -> Path | None:
    try:
        path = (folder / name).resolve()
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _agent_folders(plan: SuitePlan) -> set[Path]:
    """The folders that the agent is imported from."""
    folder = plan.path.parent.resolve()
    source = _agent_source(plan)
    if source.endswith(_CODE):
        return {folder, (folder / source).resolve().parent}
    return {folder, *_package(source.partition(".")[0], folder)}


def _package(name: str, folder: Path) -> Iterator[Path]:
    """Where a package lies that is neither beside the suite nor installed."""
    if not name or (folder / name).exists() or (folder / f"{name}{_CODE}").exists():
        return
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if not _SKIPPED & set(Path(place).parts):
            yield Path(place).resolve()


def _tree(root: Path) -> Iterator[Path]:
    """Code and texts below a folder, but not what is hidden, installed, or kept of runs."""
    for place, folders, files in os.walk(root):
        folder = Path(place)
        folders[:] = [each for each in folders if not _is_foreign(folder, each)]
        for name in files:
            path = folder / name
            if not name.startswith(".") and (path.suffix == _CODE or path.suffix in _TEXTS):
                yield path.resolve()


def _is_foreign(folder: Path, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED:
        return True
    path = folder / name
    return (path / "pyvenv.cfg").exists() or holds_runs(path)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, or why it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def dependencies() -> dict[str, str]:
    """The versions of all installed libraries.

    They are taken from the names of the folders that installers leave: to read what is in them
    takes a tenth of a second.
    """
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = sorted(each.name for each in os.scandir(place or "."))
        except OSError:
            continue
        for name in names:
            stem, _, suffix = name.rpartition(".")
            library, _, version = stem.partition("-")
            if suffix in {"dist-info", "egg-info"} and version:
                found.setdefault(re.sub(r"[-_.]+", "-", library).lower(), version)
    found.pop("evalkit", None)  # its version is its own
    return dict(sorted(found.items()))


def changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The files that differ by their fingerprints, each with how in words. A text that is new is
    none of the run's.
    """
    found: dict[str, str] = {}
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old is None and Path(name).suffix == _CODE:
            found[name] = f"{name} is new"
        elif old is not None and old != new:
            found[name] = f"{name} {'is gone' if new is None else 'was changed'}"
    return found


def changed_versions(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """How versions differ, in words."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            yield f"{name} was {old or 'not installed'} and is {new or 'not installed'}"
