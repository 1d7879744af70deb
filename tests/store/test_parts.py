from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.store import KeptCell, KeptCrash, Run, sweep
from evalkit.store.damage import damage
from evalkit.store.figures import figures_of
from evalkit.store.parts import put, read_cell
from evalkit.store.reading import open_part, read, read_where
from evalkit.store.tables import SCHEMA, TABLES
from tests.metrics.journals import Pen
from tests.store.runs import result_of, short_session, stored

TABLE = pa.table({"kind": ["a", "b", "a"], "session": ["s1", None, "s2"], "n": [1, 2, 3]})
CELL = KeptCell(
    digest="d", sessions=2, virtual_ns=7, crashes=(KeptCrash("scope", None, "Traceback…"),)
)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "sessions" / "happy-00000.parquet"
    put([TABLE], path, CELL)
    return path


def test_a_part_holds_the_version_of_its_tables_and_what_came_of_its_cell(part: Path) -> None:
    metadata = pq.read_schema(part).metadata
    assert metadata[b"evalkit.schema"] == str(SCHEMA).encode()
    assert read_cell(part) == CELL


def test_each_table_is_a_row_group_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "happy-00000.parquet"
    put(iter([TABLE, TABLE.slice(0, 1)]), path, CELL)
    assert pq.read_metadata(path).num_row_groups == 2
    assert read(path).to_pylist() == [*TABLE.to_pylist(), *TABLE.slice(0, 1).to_pylist()]


def test_what_fails_while_it_is_written_leaves_no_part(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.Table]:
        yield TABLE
        raise RuntimeError

    path = tmp_path / "sessions" / "happy-00000.parquet"
    with pytest.raises(RuntimeError):
        put(failing(), path, CELL)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_part_of_a_run_tells_its_version(tmp_path: Path, table: str) -> None:
    stored(tmp_path, result_of(short_session()))
    (path,) = (tmp_path / table).iterdir()
    assert pq.read_schema(path).metadata[b"evalkit.schema"] == str(SCHEMA).encode()


def test_a_later_version_is_refused(part: Path) -> None:
    notes = {b"evalkit.schema": str(SCHEMA + 1).encode()}
    pq.write_table(TABLE.replace_schema_metadata(notes), part)
    with pytest.raises(UsageError, match=f"version {SCHEMA + 1}; this evalkit reads up to"):
        read(part)


def test_a_part_without_a_version_is_of_the_first(part: Path) -> None:
    pq.write_table(TABLE, part)
    assert read(part).num_rows == 3
    assert read_cell(part) is None


def test_a_damaged_part_is_named(part: Path) -> None:
    part.write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match=r"happy-00000.parquet is damaged"):
        open_part(part)
    assert read_cell(part) is None


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"kind": ["a"]}, [1, 3]),
        ({"kind": ["a"], "session": ["s2"]}, [3]),
        ({"kind": ["b"], "session": ["s2"]}, None),
        ({"kind": ["c"]}, None),
    ],
)
def test_rows_are_found_by_their_values(
    part: Path, wanted: dict[str, list[str | None]], numbers: list[int] | None
) -> None:
    table = read_where(part, wanted)
    assert (None if table is None else table.column("n").to_pylist()) == numbers


def test_sweeping_removes_what_is_half_written_only(part: Path) -> None:
    half = part.with_name(".happy-00001.parquet.17")
    half.write_bytes(b"half")
    folder = part.parent.parent
    (folder / ".run.json.17").write_text("half")
    (folder / ".key").write_text("00")
    sweep(folder)
    assert sorted(each.name for each in folder.rglob("*") if each.is_file()) == [
        ".key",
        "happy-00000.parquet",
    ]


def test_a_run_knows_what_came_of_its_complete_cells(tmp_path: Path) -> None:
    half = result_of(Pen().start().records, index=1, complete=False)
    run = stored(tmp_path, result_of(short_session(), virtual_ns=5), half)
    assert run.kept(CellKey("happy", 0)) == KeptCell(
        digest="digest of happy 0", sessions=1, virtual_ns=5
    )
    assert run.kept(CellKey("happy", 1)) is None


def test_columns_are_read_one_by_one_and_only_the_last_are_kept(tmp_path: Path) -> None:
    lists = stored(tmp_path, result_of(short_session())).lists
    first = lists.calls["service"]
    assert lists.calls["service"] is first
    assert first == ["crm", "crm", "llm"]
    assert first[0] is first[1]
    for name in list(lists.calls)[-6:]:
        assert len(lists.calls[name]) == 3
    assert lists.calls["service"] is not first
    assert lists.calls["region"] == [None, None, None]
    with pytest.raises(KeyError):
        lists.calls["no such column"]


def test_records_are_given_cell_by_cell(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    each = Run(tmp_path, run.record).each_record("happy", kinds=["turn_ended"])
    assert [record.session for record in each] == ["s1"]


def test_the_part_of_an_earlier_run_may_lack_columns(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(pa.table({"session": ["s1", "s2"]}), path)
    assert read(path, ["session", "model"]).to_pydict() == {
        "session": ["s1", "s2"],
        "model": [None, None],
    }
    assert read(path, ["model", "cost"]).to_pydict() == {"model": [None] * 2, "cost": [None] * 2}
    assert open_part(path, codes=["session", "model"]).read().column_names == ["session"]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (
            "latency_ns",
            pa.array(["x"] * 3),
            "its column latency_ns is of the type string, not int64",
        ),
        ("session", None, "it has no column session"),
        ("model", None, None),
    ],
)
def test_a_part_with_other_columns_is_damaged(
    tmp_path: Path, name: str, values: pa.Array | None, said: str | None
) -> None:
    run = stored(tmp_path, result_of(short_session()))
    (path,) = run.parts("calls")
    table = pq.read_table(path)
    at = table.column_names.index(name)
    changed = table.remove_column(at) if values is None else table.set_column(at, name, values)
    pq.write_table(changed, path)
    told = damage(path, "calls", CellKey("happy", 0))
    assert told == (said and f"{path} is damaged: {said}")
    if said:
        with pytest.raises(UsageError, match=r"is damaged: its? .*column"):
            figures_of(Run(tmp_path))


def test_a_part_says_what_it_is_of(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    (path,) = run.parts("turns")
    assert pq.read_schema(path).metadata[b"evalkit.part"] == b'["turns", "happy", 0]'
    assert damage(path, "turns", CellKey("happy", 0)) is None
    assert damage(path, "turns", CellKey("other", 0)) is not None
    path.write_bytes(b"PAR1 and no more")
    assert str(damage(path, "turns", CellKey("happy", 0))).startswith(f"{path} is damaged")
