"""Loads what a suite names: `file.py:name` beside it, or `package.module:name`.

The suite's folder can be imported from for as long as the agent lives. What was imported from there
is forgotten afterwards, so that the next world begins with an agent of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from evalkit.errors import StartError
from evalkit.suite.problems import closest

_INSTALLED = {"site-packages", "dist-packages"}


@contextmanager
def loaded(target: str, folder: Path) -> Iterator[Any]:
    """The object that a target names. Raises `StartError` where there is none."""
    source, _, name = target.rpartition(":")
    folder = folder.resolve()
    if source.endswith(".py"):
        path = (folder / source).resolve()
        with _importable(path.parent, folder):
            yield _attribute(_from_file(path, source), name, source)
    else:
        with _importable(folder):
            yield _attribute(_from_package(source, folder), name, source)


def place_of(thing: object) -> str:
    """File and line where a function or a class is defined, to name it in an error."""
    code = getattr(thing, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    kind = thing if isinstance(thing, type) else type(thing)
    module = sys.modules.get(kind.__module__)
    return str(getattr(module, "__file__", None) or kind.__module__)


def _from_file(path: Path, source: str) -> ModuleType:
    if not path.is_file():
        beside = [each.name for each in sorted(path.parent.glob("*.py"))]
        raise StartError(f"there is no file {path}", hint=_hint(path.name, beside, "beside it"))
    name = path.stem if path.stem not in sys.modules else f"_agent_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StartError(f"{source} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader = spec.loader
    _run(lambda: loader.exec_module(module), source, path.parent)
    return module


def _from_package(name: str, folder: Path) -> ModuleType:
    module: ModuleType = _run(lambda: importlib.import_module(name), name, folder)
    return module


def _run(load: Callable[[], Any], source: str, folder: Path) -> Any:
    try:
        return load()
    except (Exception, SystemExit) as error:
        where = _last_line(error, folder)
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise StartError(f"{source} cannot be imported: {what}{where}") from error


def _last_line(error: BaseException, folder: Path) -> str:
    """The place of an error: of wrong syntax, or the last line that ran of the agent's own."""
    if isinstance(error, SyntaxError):
        return ""  # its message says so
    own = [
        f" ({name}:{line})"
        for name, line in _lines(error.__traceback__)
        if Path(name).is_relative_to(folder)
    ]
    return own[-1] if own else ""


def _lines(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def _attribute(module: ModuleType, name: str, source: str) -> Any:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = _public(found)
            hint = _hint(part, names, f"in {source}")
            message = f"{source} has no `{part}` ({getattr(module, '__file__', source)})"
            raise StartError(message, hint=hint) from None
    return found


def _public(thing: Any) -> list[str]:
    """The public names of a module or a class; what it imported is left out."""
    own = getattr(thing, "__module__", None) or getattr(thing, "__name__", None)
    return [
        name
        for name, value in getattr(thing, "__dict__", {}).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", own) == own
    ]


def _hint(given: str, names: Iterable[str], where: str) -> str | None:
    names = list(names)
    if not names:
        return f"there is nothing {where}"
    near = closest(given, names)
    guess = f"; did you mean {near}?" if near else ""
    return f"{where} there is {', '.join(names[:30])}{guess}"


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    """Let modules be imported from these folders, and forget them afterwards."""
    before, path = set(sys.modules), list(sys.path)
    sys.path[:0] = [str(folder) for folder in dict.fromkeys(folders)]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            if _is_from(sys.modules.get(name), folders):
                del sys.modules[name]


def _is_from(module: ModuleType | None, folders: Iterable[Path]) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return False
    path = Path(file)
    return any(
        path.is_relative_to(folder) and not _INSTALLED & set(path.relative_to(folder).parts)
        for folder in folders
    )
