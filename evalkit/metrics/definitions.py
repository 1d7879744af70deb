"""The metrics: one table that gates, reports and exports read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeAlias

from evalkit.journal.records import Answer, End
from evalkit.metrics.calls import INJECTED, ORGANIC

TableName: TypeAlias = Literal["calls", "turns", "sessions"]


class Unit(StrEnum):
    """What a figure is measured in."""

    DURATION = "duration"  # nanoseconds; written 850ms
    SHARE = "share"  # 0 to 1; written 2%
    MONEY = "money"  # US dollars; written $0.02
    COUNT = "count"  # a plain number


class Kind(StrEnum):
    """What a metric's column holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A named figure per call, turn or session: a column of a table.

    `labels` are what it can be filtered by. `whole` says that a row without the figure makes a sum
    or mean unknown, rather than not being part of it. `unknown` names the column that says, by a
    number above zero, that the figure is missing because it is not known. `paired` says that it
    compares a session with the same one without faults, and `signed` that it may be below zero.
    """

    name: str
    table: TableName
    column: str
    unit: Unit
    kind: Kind
    labels: tuple[str, ...]
    description: str
    whole: bool = False
    unknown: str | None = None
    paired: bool = False
    signed: bool = False


NONE = "none"
"""What a condition calls a label that a row does not have."""

LABELS: Mapping[TableName, tuple[str, ...]] = MappingProxyType(
    {
        "calls": (
            *("scenario", "service", "operation", "model"),
            *("region", "fault", "cause", "recovered"),
        ),
        "turns": ("scenario", "region", "fault", "answer", "model"),
        "sessions": ("scenario", "region", "fault", "recovered", "answer", "end", "model"),
    }
)
"""The labels of each table. Each is the name of its column."""

LABEL_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cause": (INJECTED, ORGANIC),
        "recovered": ("true", "false", NONE),
        "answer": (*(each.value for each in Answer), NONE),
        "end": tuple(each.value for each in End),
    }
)
"""The values of labels that are the same in every suite."""

_ROWS: Mapping[TableName, str] = MappingProxyType(
    {"calls": "call", "turns": "turn", "sessions": "session"}
)


def row_word(table: TableName) -> str:
    """What one row of a table is called."""
    return _ROWS[table]


def _number(
    table: TableName, column: str, unit: Unit, description: str, *, whole: bool = False
) -> Metric:
    return _metric(table, column, unit, Kind.NUMBER, description, whole)


def _boolean(table: TableName, column: str, description: str) -> Metric:
    return _metric(table, column, Unit.SHARE, Kind.BOOLEAN, description, False)


def _metric(
    table: TableName, column: str, unit: Unit, kind: Kind, description: str, whole: bool
) -> Metric:
    return Metric(
        name=f"{_ROWS[table]}.{column.removesuffix('_ns')}",
        table=table,
        column=column,
        unit=unit,
        kind=kind,
        labels=LABELS[table],
        description=description,
        whole=whole,
    )


def _billed(
    table: TableName, column: str, unit: Unit, description: str, *, whole: bool = True
) -> Metric:
    """A figure that some model call without a price or a usage makes unknown."""
    metric = _number(table, column, unit, description, whole=whole)
    return replace(metric, unknown="unpriced")


def _paired(column: str, unit: Unit, description: str) -> Metric:
    metric = _number("sessions", column, unit, description, whole=True)
    return replace(metric, paired=True, signed=column.startswith("added"))


_BILLS = (
    _billed("turns", "cost", Unit.MONEY, "tokens on the wire times their prices"),
    _billed("turns", "tokens_in", Unit.COUNT, "tokens read by the models"),
    _billed("turns", "tokens_out", Unit.COUNT, "tokens written by the models"),
    _billed("sessions", "cost", Unit.MONEY, "tokens on the wire times their prices"),
    _billed("sessions", "tokens_in", Unit.COUNT, "tokens read by the models"),
    _billed("sessions", "tokens_out", Unit.COUNT, "tokens written by the models"),
    _billed(
        *("sessions", "cost_per_1k_tokens", Unit.MONEY, "cost of 1000 tokens, in and out"),
        whole=False,
    ),
    _billed("sessions", "retry_cost", Unit.MONEY, "cost of the attempts after the first"),
    _billed("calls", "cost", Unit.MONEY, "a model's tokens times their prices", whole=False),
    _billed("calls", "tokens_in", Unit.COUNT, "tokens that a model read", whole=False),
    _billed("calls", "tokens_out", Unit.COUNT, "tokens that a model wrote", whole=False),
    _billed("calls", "tokens_cached", Unit.COUNT, "of those read: from a cache", whole=False),
    _billed("calls", "tokens_reasoning", Unit.COUNT, "of those written: thought", whole=False),
)

_ALL = (
    _number("turns", "latency_ns", Unit.DURATION, "end of the turn minus its intended start"),
    _number("turns", "llm_time_ns", Unit.DURATION, "time with some model call in flight"),
    _number("turns", "tool_time_ns", Unit.DURATION, "else, time with some other call in flight"),
    _number("turns", "wait_time_ns", Unit.DURATION, "else: backoff, queueing, the agent's timers"),
    _number("turns", "downstream_share", Unit.SHARE, "(llm_time + tool_time) / latency"),
    _number("turns", "cpu_time_ns", Unit.DURATION, "process CPU of the turn, in real time"),
    _boolean("turns", "failed", "raised, timed out, empty, or broke an expectation"),
    _number("sessions", "latency_ns", Unit.DURATION, "end of the session minus its intended start"),
    _boolean("sessions", "completed", "came to its end"),
    _boolean("sessions", "failed", "not completed"),
    _boolean("sessions", "recovered", "of those with a delivered fault: completed as expected"),
    _boolean("sessions", "escalated", "some turn was answered by handing over"),
    _boolean("sessions", "degraded", "some turn was answered in a degraded way"),
    _boolean("sessions", "held", "some turn was answered with a hold"),
    _boolean("sessions", "good", "met every expectation and raised no violation"),
    *_BILLS,
    _number("calls", "latency_ns", Unit.DURATION, "end of the call minus arrival of its request"),
    _boolean("calls", "error", "the client got no usable reply"),
    _boolean("calls", "timeout", "the client hung up before the reply was whole, for any reason"),
    _number("calls", "attempts", Unit.COUNT, "requests made for one logical call"),
    _number("calls", "first_token_ns", Unit.DURATION, "first piece of a model's reply minus start"),
    _number("calls", "inter_token_ns", Unit.DURATION, "first piece to last, by token between"),
)

_PAIRED = (
    _paired("amplification", Unit.COUNT, "calls divided by those of the session without faults"),
    _paired("added_latency_ns", Unit.DURATION, "latency minus that of the session without faults"),
    _paired("added_cost", Unit.MONEY, "cost minus that of the session without faults"),
)

METRICS: Mapping[str, Metric] = MappingProxyType({each.name: each for each in (*_ALL, *_PAIRED)})
"""Every metric by its name."""
