"""Walks the imports of the package: none goes to a later layer, and none goes round in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = (
    *(
        "errors",
        "units",
        "keyed",
        "imported",
        "inherited",
        "jsonpaths",
        "quick",
        "quick_json",
        "seen",
        "latency",
        "wire",
        "journal",
        "faults",
        "suite",
        "world",
        "live",
    ),
    *("services", "agents", "checks", "metrics", "gate", "engine", "store", "report"),
    *("history", "telemetry", "api", "testing", "strategies", "load", "cli", "pytest_plugin"),
)

ALLOWED = {("evalkit.errors", "evalkit.suite.problems")}
"""Imports for annotations only that may go upwards: an error holds the problems it reports."""

ROOT_NAMES = {"__version__"}
"""What the package itself may be asked for from anywhere; its other names are for users."""


@dataclass(frozen=True)
class Import:
    """That `source` imports `target`, and where."""

    source: str
    target: str
    line: int


def modules_of(package: Path) -> dict[str, Path]:
    """The modules of a package by their dotted names."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[Import]:
    """What a module imports of its own package, wherever in its text it does so."""
    root = name.partition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, path, node)
            targets = [_target(base, alias.name, modules) for alias in node.names]
        else:
            continue
        for target in targets:
            if target == root or target.startswith(f"{root}."):
                yield Import(name, target, node.lineno)


def _base(name: str, path: Path, node: ast.ImportFrom) -> str:
    """The module that a `from … import` names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def _target(base: str, name: str, modules: Mapping[str, Path]) -> str:
    """`from a import b` imports the module a.b if there is one, and else a."""
    if "." not in base and name in ROOT_NAMES:
        return ""
    return f"{base}.{name}" if f"{base}.{name}" in modules else base


def layer_of(module: str, layers: Sequence[str]) -> int:
    """The place of a module's layer; the package itself and its `__main__` come last."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] == "__main__":
        return len(layers)
    return layers.index(parts[1])


def upward(imports: Sequence[Import], layers: Sequence[str]) -> list[str]:
    """A line for each import that goes to a later layer, or to a package outside the layers."""
    wrong = []
    for each in imports:
        try:
            up = layer_of(each.target, layers) > layer_of(each.source, layers)
        except ValueError:
            wrong.append(f"{each.source}:{each.line} or {each.target} belongs to no layer")
            continue
        if up and (each.source, each.target) not in ALLOWED:
            wrong.append(f"{each.source}:{each.line} imports {each.target}, a later layer")
    return wrong


def circles(imports: Sequence[Import]) -> list[str]:
    """A line for each circle among the modules, each named once."""
    graph: dict[str, list[str]] = {}
    for each in imports:
        if (each.source, each.target) not in ALLOWED:
            graph.setdefault(each.source, []).append(each.target)
    found: dict[frozenset[str], str] = {}
    done: set[str] = set()
    for start in graph:
        _walk(start, graph, [], done, found)
    return sorted(found.values())


def _walk(
    module: str,
    graph: Mapping[str, Sequence[str]],
    path: list[str],
    done: set[str],
    found: dict[frozenset[str], str],
) -> None:
    if module in path:
        circle = path[path.index(module) :]
        found.setdefault(frozenset(circle), " -> ".join([*circle, module]))
    if module in path or module in done:
        return
    path.append(module)
    for target in graph.get(module, ()):
        if target != module:
            _walk(target, graph, path, done, found)
    path.pop()
    done.add(module)


def imports_under(package: Path) -> list[Import]:
    """All imports within a package."""
    modules = modules_of(package)
    found = (each for name, path in modules.items() for each in imports_of(name, path, modules))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def own() -> list[Import]:
    found = imports_under(ROOT / "evalkit")
    assert len(found) > 100, "the walk found next to nothing: it looks in the wrong place"
    return found


def test_no_module_imports_from_a_later_layer(own: list[Import]) -> None:
    assert upward(own, LAYERS) == []


def test_no_modules_import_each_other_in_a_circle(own: list[Import]) -> None:
    assert circles(own) == []


def test_every_module_belongs_to_a_layer() -> None:
    names = {path.stem for path in (ROOT / "evalkit").iterdir() if path.suffix in {".py", ""}}
    packages = {each for each in names if not each.startswith("__") and each != "py"}
    assert packages - set(LAYERS) == set()


def _package(root: Path, **files: str) -> Path:
    """A package `pkg` with these modules; `__` in a name stands for a folder."""
    package = root / "pkg"
    for name, text in {"__init__": "", **files}.items():
        path = package / (name if name == "__init__" else name.replace("__", "/", 1))
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    "text",
    [
        "import pkg.high",
        "from pkg import high",
        "from pkg.high import thing",
        "from .high import thing",
        "from . import high",
        "def f():\n    from pkg.high import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.high import thing\n",
        "from pkg import anything",
    ],
)
def test_an_upward_import_is_found(tmp_path: Path, text: str) -> None:
    package = _package(tmp_path, low=text, high="thing = 1")
    wrong = upward(imports_under(package), ["low", "high"])
    assert len(wrong) == 1
    assert "pkg.low" in wrong[0]


@pytest.mark.parametrize(
    "text", ["from pkg.low import x", "from .low import x", "import json", "import pkgother"]
)
def test_a_downward_or_outside_import_is_no_offence(tmp_path: Path, text: str) -> None:
    package = _package(tmp_path, low="x = 1", high=text)
    assert upward(imports_under(package), ["low", "high"]) == []


def test_a_module_outside_the_layers_is_found(tmp_path: Path) -> None:
    package = _package(tmp_path, low="from pkg.helpers import x", helpers="x = 1")
    assert "no layer" in upward(imports_under(package), ["low"])[0]


def test_a_circle_is_found_and_named_once(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        low__a="from pkg.low.b import x",
        low__b="def f():\n    from .c import x\n",
        low__c="import pkg.low.a",
        low__d="from .a import x",
    )
    found = circles(imports_under(package))
    assert found == ["pkg.low.a -> pkg.low.b -> pkg.low.c -> pkg.low.a"]


def test_relative_imports_reach_from_a_folder_to_another(tmp_path: Path) -> None:
    package = _package(tmp_path, low__a="from ..high import b", high__b="x = 1")
    assert "pkg.high.b" in upward(imports_under(package), ["low", "high"])[0]
