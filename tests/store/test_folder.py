from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.store import find_run, new_folder, part_name, runs_in
from evalkit.store.folder import RECORD, new_run_id

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make(out: Path, name: str, *, age: int = 0) -> Path:
    folder = out / name
    folder.mkdir(parents=True)
    (folder / RECORD).write_text("{}")
    os.utime(folder / RECORD, (10**9 - age, 10**9 - age))
    return folder


def test_an_id_says_suite_and_time() -> None:
    assert new_run_id("support", NINE, "3fa2") == "support-20260105T090000Z-3fa2"


def test_an_id_is_in_utc() -> None:
    there = NINE.astimezone(timezone(timedelta(hours=5)))
    assert new_run_id("support", there, "0") == "support-20260105T090000Z-0"


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = {new_folder(tmp_path / "deep" / "out", "support", NINE) for _ in range(20)}
    assert len(folders) == 20
    assert all(re.fullmatch(r"support-20260105T090000Z-[0-9a-f]{4}", each.name) for each in folders)


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match=r"cannot write runs|is a file"):
        new_folder(tmp_path / "out", "support", NINE)


@pytest.mark.parametrize(
    ("scenario", "starts"),
    [
        ("happy-path", "happy-path-00003"),
        ("crm slow", "crm-slow-"),
        ("Happy", "Happy-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("…", "-"),
        ("a" * 500, "a" * 80),
    ],
)
def test_the_name_of_a_part_is_that_of_its_cell(scenario: str, starts: str) -> None:
    assert part_name(CellKey(scenario, 3)).startswith(starts)


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_two_scenarios_share_a_part(one: str, other: str) -> None:
    first, second = part_name(CellKey(one, 0)), part_name(CellKey(other, 0))
    assert (first.lower() == second.lower()) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", first)
    assert not first.startswith(".")


def test_a_run_is_found_by_path_id_start_and_latest(tmp_path: Path) -> None:
    old = make(tmp_path, "support-20260105T090000Z-aaaa", age=100)
    new = make(tmp_path, "loans-20260105T080000Z-bbbb")
    (tmp_path / "no-run").mkdir()
    assert list(runs_in(tmp_path)) == [new, old]
    assert find_run(old, tmp_path / "elsewhere") == old
    assert find_run(old / RECORD, tmp_path) == old
    assert find_run(old.name, tmp_path) == old
    assert find_run("support", tmp_path) == old
    assert find_run("latest", tmp_path) == new


@pytest.mark.parametrize("name", ["missing", "s", "-", "../x"])
def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, name: str) -> None:
    make(tmp_path, "support-1")
    make(tmp_path, "sales-1")
    with pytest.raises(UsageError, match="no run") as raised:
        find_run(name, tmp_path)
    assert "sales-1, support-1" in str(raised.value)


@pytest.mark.parametrize("name", ["latest", "anything"])
def test_where_there_is_no_run_yet_it_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no run") as raised:
        find_run(name, tmp_path / "reports")
    assert "yet" in str(raised.value)


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_not_the_only_run(tmp_path: Path, name: str) -> None:
    make(tmp_path, "support-1")
    with pytest.raises(UsageError, match="name of a run is empty"):
        find_run(name, tmp_path)


def test_the_latest_run_is_the_one_that_began_last(tmp_path: Path) -> None:
    older = make(tmp_path, "a")
    newer = make(tmp_path, "b", age=100)
    (older / RECORD).write_text('{"started": "2026-01-05T09:00:00.000Z"}')
    (newer / RECORD).write_text('{"started": "2026-01-05T09:00:00.001Z"}')
    os.utime(newer / RECORD, (1, 1))
    assert find_run("latest", tmp_path) == newer


@pytest.mark.parametrize("text", ["{", "[]", '{"started": 3}', '{"started": "soon"}', "\x00"])
def test_a_run_whose_start_cannot_be_read_counts_by_its_file(tmp_path: Path, text: str) -> None:
    make(tmp_path, "whole", age=100)
    odd = make(tmp_path, "odd")
    (odd / RECORD).write_text(text)
    os.utime(odd / RECORD, (10**9, 10**9))
    assert find_run("latest", tmp_path) == odd
