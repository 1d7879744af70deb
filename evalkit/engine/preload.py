"""Which libraries an agent imports, read from its source without running it.

They are imported once in the process that cells are forked from; the agent's own code is imported
afresh in each cell. What libraries import only when they are first used is imported with them, or
every cell would do so for itself.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeGuard

ALWAYS = (
    "pyarrow.parquet",
    "jinja2",
    "numpy.random",
    "uuid_utils",
    "evalkit.checks.standard",
)
"""What a cell imports whatever its agent is."""

PRICES = ("genai_prices.data",)
"""What a cell imports that has a model to price by the list. It is one literal of all providers, so
there is no part of it to be had: 40 ms, and two seconds where it was installed without bytecode.
"""

_LATER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "anthropic": ("anthropic.resources.messages", "anthropic.lib.streaming", "jiter"),
        "anyio": ("anyio._backends._asyncio",),
        "httpx": ("httpcore", "h11", "anyio._backends._asyncio"),
        "httpx2": ("httpcore2", "h11", "truststore", "anyio._backends._asyncio"),
        # Its folders of resources import nothing by themselves.
        "langchain_openai": ("openai.resources.beta.beta",),
        "openai": (
            "openai.resources.chat.completions.completions",
            "openai.resources.responses.responses",
            "jiter",
        ),
    }
)
"""What a library imports when it is first used."""


def imported_later(loaded: Container[str]) -> tuple[str, ...]:
    """The modules that the libraries among these would import when they are first used."""
    found = (name for library, names in _LATER.items() if library in loaded for name in names)
    return tuple(dict.fromkeys(found))


def libraries_of(target: str, folder: Path) -> tuple[str, ...]:
    """The modules that an agent given as `file.py:name` or `package.module:name` imports from
    outside of `folder`, its own code followed.
    """
    module, _, _ = target.partition(":")
    first = folder / module if module.endswith(".py") else _local(module, folder)
    found: dict[str, None] = {}
    seen: set[Path] = set()
    waiting = [first] if first is not None else []
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for name in _imports(path):
            own = _local(name, path.parent) or _local(name, folder)
            if own is not None:
                waiting.append(own)
            else:
                found[name] = None
    return tuple(found)


def _imports(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # the import proper will say what is wrong with it
    for node in _at_module_level(tree.body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from names


def _at_module_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, but for those that types alone need."""
    for node in body:
        yield node
        if isinstance(node, ast.Try) or _is_taken(node):
            yield from _at_module_level(node.body)


def _is_taken(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test)


def _local(module: str, folder: Path) -> Path | None:
    if not module:
        return None
    parts = module.split(".")
    for candidate in (
        folder.joinpath(*parts).with_suffix(".py"),
        folder.joinpath(*parts, "__init__.py"),
    ):
        if candidate.is_file():
            return candidate
    return None
