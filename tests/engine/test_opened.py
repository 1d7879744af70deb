# ruff: noqa: PTH123, SIM115
from __future__ import annotations

import builtins
import importlib
import io
import os
import sys
import sysconfig
from collections.abc import Callable
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path

import pytest

from evalkit.engine import opened


@pytest.fixture(autouse=True)
def noting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take note in this process, until the end of the test."""
    monkeypatch.setattr(opened, "_opened", set())
    for where in (builtins, io):
        monkeypatch.setattr(where, "open", where.open)
    for loader in (SourceFileLoader, SourcelessFileLoader):
        monkeypatch.setattr(loader, "get_data", loader.get_data)
    opened.note_what_is_opened()


@pytest.mark.parametrize(
    ("read", "known"),
    [
        (lambda path: path.read_text(), True),
        (lambda path: path.read_bytes(), True),
        (lambda path: open(str(path)).close(), True),
        (lambda path: open(file=os.fsencode(path), mode="rb").close(), True),
        (lambda path: open(path, "r+").close(), True),
        (lambda path: path.write_text("new"), False),
        (lambda path: open(path, "a").close(), False),
        (lambda path: path.exists(), False),
    ],
)
def test_files_that_are_opened_to_be_read_are_known(
    tmp_path: Path, read: Callable[[Path], object], known: bool
) -> None:
    path = tmp_path / "prompt.md"
    path.write_text("Be kind.")
    opened._opened.clear()
    read(path)
    assert opened.what_was_opened() == ({str(path)} if known else set())


def test_what_cannot_be_opened_was_not_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open(tmp_path / "none.md")
    assert opened.what_was_opened() == set()


def test_a_module_is_known_by_its_source_compiled_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = tmp_path / "some_tools.py"
    source.write_text("ANSWER = 42\n")
    for _ in range(2):  # the second time from what was compiled
        opened._opened.clear()
        importlib.import_module("some_tools")
        monkeypatch.delitem(sys.modules, "some_tools")
        assert str(source) in opened.what_was_opened()
    assert list((tmp_path / "__pycache__").glob("some_tools.*.pyc"))


def test_paths_are_real_and_from_the_folder_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real.txt").touch()
    (tmp_path / "link.txt").symlink_to("real.txt")
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        Path("link.txt").read_text()
    assert opened.what_was_opened() == {str(tmp_path.resolve() / "real.txt")}


def test_libraries_and_descriptors_are_no_files_of_a_suite(tmp_path: Path) -> None:
    Path(sysconfig.get_path("stdlib"), "json", "decoder.py").read_text()
    reading, writing = os.pipe()
    os.close(writing)
    open(reading).close()
    assert opened.what_was_opened() == set()
