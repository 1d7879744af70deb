"""What the package exports: it is there, it is documented, and it is where it says it is."""

from __future__ import annotations

import ast
import inspect
import tomllib
from pathlib import Path

import pytest

import evalkit

ROOT = Path(__file__).parents[2]
NAMES = [each for each in evalkit.__all__ if each != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_exported_member_is_documented(name: str) -> None:
    member = getattr(evalkit, name)
    assert inspect.getdoc(member)
    assert member.__module__.startswith("evalkit.")


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_result_is_annotated(name: str) -> None:
    member = getattr(evalkit, name)
    if inspect.isfunction(member):
        signature = inspect.signature(member)
        assert signature.return_annotation is not inspect.Signature.empty
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty


def test_type_checkers_and_python_are_told_the_same() -> None:
    tree = ast.parse(Path(evalkit.__file__).read_text(encoding="utf-8"))
    for_checkers = {
        alias.name: (node.module or "").removeprefix("evalkit.")
        for branch in tree.body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_checkers == evalkit._FROM
    assert set(NAMES) == set(for_checkers)


def test_the_names_are_listed_in_order() -> None:
    assert evalkit.__all__ == sorted(evalkit.__all__)
    assert dir(evalkit) == evalkit.__all__


def test_a_name_that_is_not_exported_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        evalkit.nothing  # noqa: B018


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == evalkit.__version__


def test_the_types_are_shipped() -> None:
    assert (ROOT / "evalkit" / "py.typed").is_file()
