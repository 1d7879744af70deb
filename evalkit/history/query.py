"""The rows that a figure is made of, as one SQL query over a run's Parquet files, with DuckDB.

The query is the whole truth about which rows are taken, and can be pasted into any DuckDB. What is
made of them (the aggregate, its interval) is what gates make of them, by the same code.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import UsageError
from evalkit.gate.conditions import AllOf, Condition, Where, conditions_of
from evalkit.metrics.definitions import NONE, Metric
from evalkit.metrics.rows import FAULT_SEPARATOR, MODEL_SEPARATOR

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_PAIRED = ("end", "calls", "latency_ns", "cost")
"""What a session is compared with its control by: see `evalkit.metrics.controls`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A metric's rows that meet a condition, told apart by a label if one is named."""

    metric: Metric
    where: Where | None = None
    each: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table that it takes, in order."""
        labels = [each.label for each in conditions_of(self.where)]
        own = _PAIRED if self.metric.paired else (self.metric.column,)
        unknown = () if self.metric.unknown is None else (self.metric.unknown,)
        each = () if self.each is None else (self.each,)
        return tuple(dict.fromkeys(("scenario", "session", *labels, *each, *own, *unknown)))

    def sql(self, folder: Path, scenarios: Collection[str]) -> str:
        """The query over a run's folder, in these scenarios.

        That of a metric that compares sessions with their controls takes the rows of both.
        """
        columns = ", ".join(_name(each) for each in self.columns)
        table = files_of(folder, self.metric.table)
        text = f"SELECT {columns}\nFROM {table}"
        if self.metric.paired:
            return text
        parts = [f"scenario IN ({', '.join(map(_text, sorted(scenarios)))})"] if scenarios else []
        parts = parts or ["false"]
        if self.where is not None:
            parts.append(_condition(self.where, self.metric))
        return f"{text}\nWHERE {' AND '.join(parts)}"


def files_of(folder: Path, table: str) -> str:
    """The parts of a run's table as SQL names them. Raises `UsageError` for a path it cannot."""
    if set("*?[]") & set(str(folder)):
        raise UsageError(
            f"{folder} cannot be queried: its path holds one of * ? [ ]",
            hint="keep runs in a folder without these signs",
        )
    return f"read_parquet({_text(f'{folder}/{table}/*.parquet')}, union_by_name = true)"


def _condition(where: Where, metric: Metric) -> str:
    """A condition in SQL; the same that `evalkit.gate.conditions` holds rows against."""
    if not isinstance(where, Condition):
        joint = " AND " if isinstance(where, AllOf) else " OR "
        return f"({joint.join(_condition(each, metric) for each in where)})"
    column = f"coalesce(CAST({_name(where.label)} AS VARCHAR), {_text(NONE)})"
    separator = _separator(where.label, metric)
    if separator is None:
        met = _matches(column, where)
    elif not _is_glob(where):
        met = f"list_contains(string_split({column}, {_text(separator)}), {_text(where.value)})"
    else:
        values = f"string_split({column}, {_text(separator)})"
        met = f"len(list_filter({values}, lambda x: {_matches('x', where)})) > 0"
    return met if where.op == "=" else f"NOT ({met})"


def _matches(text: str, condition: Condition) -> str:
    same = f"{text} = {_text(condition.value)}"
    return f"({same} OR {text} GLOB {_text(condition.value)})" if _is_glob(condition) else same


def _is_glob(condition: Condition) -> bool:
    return not condition.exact and bool(set("*?[") & set(condition.value))


def _separator(label: str, metric: Metric) -> str | None:
    if label == "fault":
        return FAULT_SEPARATOR
    return MODEL_SEPARATOR if label == "model" and metric.table != "calls" else None


def _name(column: str) -> str:
    return f'"{column}"' if column == "end" else column


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def database() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, which writes nothing and fetches nothing. Raises `UsageError` without it.

    One thread: the tables of a run are small, and cores may be busy with runs.
    """
    try:
        import duckdb
    except ImportError:
        hint = "pip install 'evalkit[history]'"
        raise UsageError("history and questions need DuckDB", hint=hint) from None
    settings: dict[str, Any] = {"threads": 1, "autoinstall_known_extensions": False}
    return duckdb.connect(config=settings)


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    """One for the process: to open one takes longer than most queries."""
    return database()


def rows(sql: str) -> pa.Table:
    """What a query gives. Raises `LookupError` where the files lack a column, or are not there."""
    base = _shared()
    import duckdb

    try:
        table: pa.Table = base.sql(sql).to_arrow_table()
    except (duckdb.BinderException, duckdb.IOException) as error:
        raise LookupError(str(error).splitlines()[0]) from None
    return table
