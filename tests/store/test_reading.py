"""Parts that went wrong on a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.report.html.reading import Stored
from evalkit.store import Run
from evalkit.store.damage import damage, damage_within
from evalkit.store.figures import figures_of
from evalkit.store.parts import put
from evalkit.store.reading import open_part, read, read_where
from evalkit.store.tables import TABLES
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored

CELL = CellKey("happy", 0)


def spoil(path: Path, places: Iterable[int]) -> None:
    """Turn a bit over in these bytes of a part."""
    data = bytearray(path.read_bytes())
    for at in places:
        data[at] ^= 0x10
    path.write_bytes(data)


def pages(path: Path) -> range:
    """Where a part holds its rows: between its first word and its footer."""
    data = path.read_bytes()
    return range(4, len(data) - 8 - int.from_bytes(data[-8:-4], "little"))


def test_no_byte_of_the_rows_can_change_unseen(tmp_path: Path) -> None:
    rows = 40
    columns = {
        "kind": [f"kind {n % 3}" for n in range(rows)],
        "session": [f"s{n}" if n % 4 else None for n in range(rows)],
        "at": list(range(rows)),
        "body": [bytes([n]) * n for n in range(rows)],
    }
    table = pa.table(columns)
    path = tmp_path / "events" / "happy-00000.parquet"
    put([table], path)
    sound, told = path.read_bytes(), []
    for at in pages(path)[::9]:
        spoil(path, [at])
        try:
            assert read(path).equals(table), f"byte {at} changed what is read"
        except UsageError as error:
            told.append(error.message)
        path.write_bytes(sound)
    assert all(each.startswith(f"{path} is damaged: ") for each in told)
    assert len(told) > len(pages(path)) / 9 * 0.8


@pytest.mark.parametrize(
    ("table", "use"),
    [
        ("events", lambda run: run.records("happy")),
        ("events", lambda run: run.records("happy", kinds=["finding"])),
        ("events", lambda run: run.cell_records(CELL)),
        ("events", lambda run: run.events),
        ("calls", figures_of),
        ("calls", Stored.of),
        ("turns", lambda run: run.lists.turns["latency_ns"]),
        ("sessions", lambda run: run.session_rows("happy")),
    ],
)
def test_whoever_reads_is_told_which_part_it_is_and_what_can_be_done(
    tmp_path: Path, table: str, use: Callable[[Run], object]
) -> None:
    run = stored(tmp_path, result_of(short_session()), record=record_of(scenario_of(digest="d")))
    use(run)
    (path,) = (tmp_path / table).iterdir()
    spoil(path, pages(path))
    assert damage(path, table, CELL) is None, "its footer is whole"
    with pytest.raises(UsageError, match=rf"{table}.happy-00000.parquet is damaged: ") as raised:
        use(Run(tmp_path))
    assert raised.value.hint == f"run it again: evalkit run --resume {tmp_path}"


@pytest.mark.parametrize("table", TABLES)
def test_a_cell_with_damage_within_is_not_kept(tmp_path: Path, table: str) -> None:
    run = stored(tmp_path, result_of(short_session()))
    assert run.kept(CELL) is not None
    (path,) = (tmp_path / table).iterdir()
    assert damage_within(path) is None
    spoil(path, pages(path)[-1:])
    assert "is damaged" in (damage_within(path) or "")
    assert run.kept(CELL) is None


def test_rows_that_are_missing_are_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "part.parquet"
    put([pa.table({"session": ["s1", "s2"]})], path)
    part = open_part(path, mend="do it again")
    monkeypatch.setattr(type(part), "rows", 3)
    with pytest.raises(UsageError, match="it has 2 of 3 rows\\nhint: do it again"):
        part.read()
    with pytest.raises(UsageError, match="it has 2 of 3 rows"):
        part.verify()


def test_a_part_without_checksums_is_read(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(pa.table({"session": ["s1"]}), path)
    found = read_where(path, {"session": ["s1"]})
    assert found is not None
    assert found.num_rows == 1
