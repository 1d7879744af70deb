from __future__ import annotations

from pathlib import Path

import evalkit.store
from evalkit.store.columns import schema_of
from evalkit.store.described import MEANING, described
from evalkit.store.tables import TABLES

FILE = Path(evalkit.store.__file__).with_name("schema.md")


def test_every_column_has_a_meaning_and_every_meaning_a_column() -> None:
    columns = {table: set(schema_of(row).names) for table, row in TABLES.items()}
    for table, names in columns.items():
        assert names <= set(MEANING[table]), table
    assert {each for names in MEANING.values() for each in names} == set.union(*columns.values())


def test_the_written_schema_is_that_of_the_code() -> None:
    written = FILE.read_text()
    assert written.rstrip() == "\n".join(described()).rstrip(), (
        "run `python -m evalkit.store.described > evalkit/store/schema.md`; where a column changed "
        "its meaning or type, or went, count up SCHEMA in evalkit/store/tables.py"
    )
