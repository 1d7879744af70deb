"""Records from archives and folders that somebody hostile has made."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.store import RunRecord, to_json
from evalkit.store.foreign import MOST_BYTES, MOST_RUNS, Unreadable, foreign_records
from tests.store.runs import record_of, scenario_of

GOOD = to_json(record_of(scenario_of())).encode()


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "name", ["run.json", "shop-1/run.json", "../../run.json", "/etc/run.json", "a\\b\\run.json"]
)
def test_a_record_is_read_whatever_its_path_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    path = archive(tmp_path / "a.zip", {name: GOOD, "index.html": b"<script>", "../x": b"x"})
    (found,) = foreign_records(path)
    assert isinstance(found, RunRecord)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


DEEP = b'{"run": ' * 100_000
WRONG = {
    "no JSON": b"\xff\xfe",
    "another thing": b"[]",
    "deep": DEEP,
    "wrong types": json.dumps({**json.loads(GOOD), "scenarios": 7}).encode(),
    "a verdict of its own": json.dumps({**json.loads(GOOD), "verdict": "great"}).encode(),
    "too much": b" " * (MOST_BYTES + 1),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_record_is_told_of_in_our_words(tmp_path: Path, kind: str) -> None:
    path = archive(tmp_path / "a.zip", {"run.json": WRONG[kind]})
    (found,) = foreign_records(path)
    assert isinstance(found, Unreadable)
    assert found.why.startswith("its run.json is ")


def lying() -> bytes:
    """An archive whose directory gives another size than there is."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("run.json", b"0" * 100_000)
    data = made.getvalue()
    return data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def locked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("run.json", GOOD)
    data = bytearray(made.getvalue())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def in_lzma() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("run.json", GOOD)
    return made.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 no more", GOOD, lying(), locked(), in_lzma()],
    ids=["empty", "torn", "json", "lying", "locked", "lzma"],
)
def test_archives_that_are_none_are_said_to_be_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    (found,) = foreign_records(path)
    assert isinstance(found, Unreadable)


def test_no_more_runs_than_a_comment_has_room_for(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {f"{at}/run.json": GOOD for at in range(MOST_RUNS + 30)})
    found = foreign_records(path)
    assert len(found) == MOST_RUNS + 1
    assert isinstance(found[-1], Unreadable)


def test_folders_are_read_and_links_and_pipes_are_not(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(GOOD)
    runs = tmp_path / "runs"
    for name in ("good", "link", "pipe", "folder"):
        (runs / name).mkdir(parents=True)
    (runs / "good/run.json").write_bytes(GOOD)
    (runs / "link/run.json").symlink_to(secret)
    os.mkfifo(runs / "pipe/run.json")
    (runs / "folder/run.json").mkdir()
    (runs / "linked").symlink_to(runs / "good")
    found = foreign_records(runs)
    assert [isinstance(each, RunRecord) for each in found] == [False, True, False, False]
    assert isinstance(foreign_records(runs / "good")[0], RunRecord)


def test_an_empty_folder_holds_no_record_and_none_is_an_error(tmp_path: Path) -> None:
    assert foreign_records(tmp_path) == (Unreadable("it holds no run.json"),)
    with pytest.raises(UsageError, match="there is no"):
        foreign_records(tmp_path / "nowhere")
