"""Loads what a suite names: `file.py:name` beside it, or `package.module:name`.

Its folder and the suite's can be imported from for as long as it lives. What was imported from
there is forgotten afterwards, so that the next life or world begins with modules of its own.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from evalkit.errors import StartError
from evalkit.suite.problems import closest

_INSTALLED = {"site-packages", "dist-packages"}


@contextmanager
def loaded(target: str, folder: Path, owner: str = "agent") -> Iterator[Any]:
    """The object that a target names. Raises `StartError` where there is none.

    A file whose name is taken already is imported under one with its `owner` in it.
    """
    source, _, name = target.rpartition(":")
    folder = folder.resolve()
    if source.endswith(".py"):
        path = (folder / source).resolve()
        with _importable(path.parent, folder):
            yield _attribute(_from_file(path, source, owner), name, source)
    else:
        with _importable(folder):
            yield _attribute(_from_package(source, folder), name, source)


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a target cannot be there. `given` is the word that is wrong, `allowed` what it may be."""

    message: str
    given: str | None = None
    allowed: tuple[str, ...] = ()


def missing(target: str, folder: Path) -> Missing | None:
    """What can be known to be wrong with a target without importing it; None if nothing is."""
    source, _, name = target.rpartition(":")
    if not source.strip() or not name.strip():
        return Missing(f'"{target}" names nothing; write file.py:name or package.module:name')
    if not source.endswith(".py"):
        return None
    path = folder / source
    if not path.is_file():
        beside = tuple(each.name for each in sorted(path.parent.glob("*.py")))
        return Missing(f"there is no file {path}", path.name, beside)
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        return Missing(f"{path} cannot be read as Python: {error}")
    names = _bound(tree)
    first = name.partition(".")[0]
    if first in names or "*" in names or "__getattr__" in names:
        return None
    shown = tuple(each for each in names if not each.startswith("_"))
    return Missing(f"{path} has no `{first}`", first, shown)


def _bound(tree: ast.Module) -> dict[str, None]:
    """The names that a module binds, wherever in it, but in its functions and classes."""
    found: dict[str, None] = {}
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop(0)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name] = None
                continue
            if isinstance(node, ast.alias):
                found[(node.asname or node.name).partition(".")[0]] = None
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found[node.id] = None
            waiting.append(node)
    return found


def place_of(thing: object) -> str:
    """File and line where a function or a class is defined, to name it in an error."""
    code = getattr(thing, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    kind = thing if isinstance(thing, type) else type(thing)
    module = sys.modules.get(kind.__module__)
    return str(getattr(module, "__file__", None) or kind.__module__)


def _from_file(path: Path, source: str, owner: str) -> ModuleType:
    if not path.is_file():
        beside = [each.name for each in sorted(path.parent.glob("*.py"))]
        raise StartError(f"there is no file {path}", hint=_hint(path.name, beside, "beside it"))
    name = path.stem if path.stem not in sys.modules else f"_{owner}_{path.stem}"
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
