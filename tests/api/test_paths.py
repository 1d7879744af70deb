from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.api import suites_in
from evalkit.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "b/support.eval.yaml",
        "a/loans.eval.yaml",
        "a/deep/er/cards.eval.yaml",
        "a/mock.yaml",
        "a/.hidden/x.eval.yaml",
        "a/node_modules/x.eval.yaml",
        "empty/readme.md",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


def names(tree: Path, *given: str) -> list[str]:
    return [
        each.relative_to(tree).as_posix() for each in suites_in([tree / name for name in given])
    ]


def test_a_folder_is_searched_in_order(tree: Path) -> None:
    assert names(tree, ".") == [
        "a/loans.eval.yaml",
        "a/deep/er/cards.eval.yaml",
        "b/support.eval.yaml",
    ]


def test_a_file_is_taken_whatever_its_name(tree: Path) -> None:
    assert names(tree, "a/mock.yaml") == ["a/mock.yaml"]


def test_a_suite_named_twice_is_run_once_in_the_order_given(tree: Path) -> None:
    assert names(tree, "b", "a/deep/../deep", "b/support.eval.yaml") == [
        "b/support.eval.yaml",
        "a/deep/../deep/er/cards.eval.yaml",
    ]


def test_one_path_may_be_given_as_text(tree: Path) -> None:
    assert suites_in(str(tree / "b")) == (tree / "b" / "support.eval.yaml",)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "there is no"),
        ("b/suport.eval.yaml", "did you mean"),
        ("missing/deep", "there is no"),
        ("empty", "a suite is a file named *.eval.yaml"),
    ],
)
def test_what_is_not_there_is_told(tree: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        suites_in([tree / name])
    assert words in str(raised.value)
