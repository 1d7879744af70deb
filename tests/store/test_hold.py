from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.store import forget_key, held, hold, kept_key, new_key


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "_PATIENCE", 0.0)


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with held(tmp_path):
        with pytest.raises(UsageError, match="still going on"), held(tmp_path):
            pass
        assert (tmp_path / ".lock").exists()
    with held(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_it_is_held_for_as_long_as_a_process_has_the_descriptor(tmp_path: Path) -> None:
    with held(tmp_path) as descriptor:
        inherited = os.dup(descriptor)
        (tmp_path / ".lock").rename(tmp_path / "kept")
    (tmp_path / "kept").rename(tmp_path / ".lock")
    with pytest.raises(UsageError, match="still going on"), held(tmp_path):
        pass
    os.close(inherited)
    with held(tmp_path):
        pass


def test_a_key_is_for_its_owner_alone_and_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    assert kept_key(tmp_path) is None
    key = new_key(tmp_path)
    assert (len(key), kept_key(tmp_path)) == (16, key)
    assert (tmp_path / ".key").stat().st_mode & 0o077 == 0
    forget_key(tmp_path)
    forget_key(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_damaged_is_none(tmp_path: Path) -> None:
    (tmp_path / ".key").write_text("not hex")
    assert kept_key(tmp_path) is None
