"""Which files a process has read, those of the modules that it imported among them.

What opens files in Python is wrapped: `open`, and what loads modules. An audit hook (PEP 578) would
see the files that C code and `os.open` open as well, but it is called for much else besides, some
forty times for each call of an agent. Nothing is unwrapped: it is done in processes that end with
their cells.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
from collections.abc import Callable, Set
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

_INSTALLED = ("/site-packages/", "/dist-packages/", f"{Path(os.__file__).parent}/")
_opened: set[str] = set()


def note_what_is_opened() -> None:
    """Take note from now on, in this process and in those that are forked from it."""
    builtins.open = io.open = _noting(io.open)
    for loader in (SourceFileLoader, SourcelessFileLoader):
        setattr(loader, "get_data", _noting_loads(loader.get_data))  # noqa: B010


def what_was_opened() -> Set[str]:
    """The real paths of the files that were opened to be read, but for installed libraries."""
    return frozenset(str(Path(_source(each)).resolve()) for each in _opened)


def _noting(opening: Callable[..., Any]) -> Callable[..., Any]:
    """`open`, noting what it has opened to be read."""

    @functools.wraps(opening)
    def noting(*args: Any, **kwargs: Any) -> Any:
        opened = opening(*args, **kwargs)
        if _reads(*args[1:], **kwargs):
            _note(args[0] if args else kwargs["file"])
        return opened

    return noting


def _noting_loads(load: Callable[[Any, str], bytes]) -> Callable[[Any, str], bytes]:
    """What gives a module's source or its compiled code, noting what it has read."""

    @functools.wraps(load)
    def noting(self: Any, path: str) -> bytes:
        data = load(self, path)
        _note(path)
        return data

    return noting


def _reads(mode: str = "r", *_: Any, **__: Any) -> bool:
    return "r" in mode or "+" in mode


def _note(file: Any) -> None:
    path = os.fsdecode(file) if isinstance(file, (str, bytes, os.PathLike)) else None
    if path is not None and not any(each in path for each in _INSTALLED):
        _opened.add(path if path.startswith(os.sep) else str(Path(path).absolute()))


def _source(path: str) -> str:
    """The file that a module was compiled from, where it was the compiled one that was read."""
    try:
        return source_from_cache(path) if path.endswith(".pyc") else path
    except (ValueError, NotImplementedError):
        return path
