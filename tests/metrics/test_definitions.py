from dataclasses import fields
from typing import get_args

import pytest

from evalkit.journal.records import Answer, End
from evalkit.metrics import (
    LABEL_VALUES,
    LABELS,
    METRICS,
    CallRow,
    Compared,
    Kind,
    SessionRow,
    TurnRow,
    Unit,
)
from evalkit.metrics.definitions import TableName, row_word

ROWS = {"calls": CallRow, "turns": TurnRow, "sessions": SessionRow}


def column_types(table):
    return {each.name: str(each.type) for each in fields(ROWS[table])}


PAIRED = {each.name: str(each.type) for each in fields(Compared)}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_is_a_column_of_its_table(metric):
    types = PAIRED if metric.paired else column_types(metric.table)
    kind = {"bool": Kind.BOOLEAN, "int": Kind.NUMBER, "float": Kind.NUMBER}
    assert kind[types[metric.column].removesuffix(" | None")] is metric.kind
    assert metric.column.endswith("_ns") == (metric.unit is Unit.DURATION)
    assert metric.name.startswith(f"{row_word(metric.table)}.")
    assert metric.labels == LABELS[metric.table]
    assert metric.description


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_what_makes_a_figure_unknown_is_a_column_of_its_table(metric):
    if metric.unknown is not None:
        assert column_types(metric.table)[metric.unknown] in ("int", "bool")


@pytest.mark.parametrize("table", get_args(TableName))
def test_every_label_is_a_column_of_its_table(table):
    assert set(LABELS[table]) <= set(column_types(table))


def test_values_of_labels_follow_the_journal():
    assert set(LABEL_VALUES["end"]) == {each.value for each in End}
    assert set(LABEL_VALUES["answer"]) == {*(each.value for each in Answer), "none"}


def test_the_names_are_these():
    turn = {"latency", "llm_time", "tool_time", "wait_time", "downstream_share", "cpu_time"}
    session = {"latency", "completed", "failed", "recovered", "escalated", "degraded", "held"}
    session |= {"amplification", "added_latency", "added_cost"}
    session |= {"cost", "tokens_in", "tokens_out", "cost_per_1k_tokens", "retry_cost", "good"}
    call = {"latency", "error", "timeout", "attempts", "first_token", "inter_token", "cost"}
    call |= {"tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning"}
    turn |= {"cost", "tokens_in", "tokens_out"}
    named = {"turn": turn | {"failed"}, "session": session, "call": call}
    assert set(METRICS) == {f"{row}.{name}" for row, names in named.items() for name in names}
