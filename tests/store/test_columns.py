from __future__ import annotations

import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pytest

from evalkit.store import columns
from evalkit.store.columns import concatenated, schema_of, table_of, where
from evalkit.store.tables import TABLES


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Sample:
    number: int
    maybe: int | None = None
    share: float | None = None
    flag: bool = False
    colour: Colour | None = None
    text: str = ""
    body: bytes | None = None
    calls: tuple[int, ...] = ()


def test_the_schema_follows_from_the_annotations() -> None:
    schema = schema_of(Sample)
    assert {each.name: (str(each.type), each.nullable) for each in schema} == {
        "number": ("int64", False),
        "maybe": ("int64", True),
        "share": ("double", True),
        "flag": ("bool", False),
        "colour": ("string", True),
        "text": ("string", False),
        "body": ("large_binary", True),
        "calls": ("list<item: int64>", False),
    }


def test_rows_come_back_as_they_went_in() -> None:
    rows = [Sample(number=1), Sample(number=2**62, maybe=3, colour=Colour.RED, calls=(1, 2))]
    back = table_of(Sample, rows).to_pylist()
    assert back[0]["maybe"] is None
    assert (back[1]["number"], back[1]["colour"], back[1]["calls"]) == (2**62, "red", [1, 2])


def test_a_table_without_rows_has_all_columns() -> None:
    assert table_of(Sample, []).schema == schema_of(Sample)
    assert concatenated(Sample, []).schema == schema_of(Sample)


def test_a_lone_surrogate_does_not_stop_the_writing() -> None:
    table = table_of(Sample, [Sample(number=1, text="a\ud800b")])
    assert table.to_pylist()[0]["text"] == "a?b"


def test_text_is_given_to_the_change_with_its_column() -> None:
    table = table_of(
        Sample,
        [Sample(number=1, text="a", colour=Colour.RED)],
        lambda column: str.upper if column == "text" else None,
    )
    assert table.to_pylist()[0]["text"] == "A"
    assert table.to_pylist()[0]["colour"] == "red"


@pytest.mark.parametrize("hint", [int | str, dict[str, int], tuple[int, str], list[int]])
def test_what_no_column_can_hold_is_refused(hint: Any) -> None:
    row = dataclass(type("Bad", (), {"__annotations__": {"field": hint}}))
    with pytest.raises(TypeError, match="a column cannot hold"):
        schema_of(row)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_a_run_has_a_schema(name: str) -> None:
    schema = schema_of(TABLES[name])
    assert list(schema.names) == list(typing.get_type_hints(TABLES[name]))
    assert schema.field("scenario").type == pa.string()


def test_rows_are_chosen_by_a_column() -> None:
    table = table_of(Sample, [Sample(number=n, text="ab"[n % 2]) for n in range(20)])
    chosen = where(table, "text", lambda text: text == "b")
    assert chosen.column("number").to_pylist() == list(range(1, 20, 2))


@pytest.mark.parametrize("every", [1, 2, 7, 5_000])
def test_rows_are_chosen_however_they_lie_among_the_others(every: int) -> None:
    table = table_of(Sample, [Sample(number=n) for n in range(5_000)])
    chosen = where(table, "number", lambda n: n % every == 0)
    assert chosen.column("number").to_pylist() == list(range(0, 5_000, every))
    assert where(table, "number", lambda _: False).num_rows == 0


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_rows_become_tables_of_so_many_each_and_one_at_least(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "ROW_GROUP", 4)
    found = list(columns.tables_of(Sample, (Sample(number=each) for each in range(count))))
    assert [each.num_rows for each in found] == {0: [0], 1: [1], 4: [4], 9: [4, 4, 1]}[count]
    assert [n for each in found for n in each.column("number").to_pylist()] == [*range(count)]
