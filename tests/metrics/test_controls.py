"""What the faults of a session cost, beside the same session without them."""

from typing import Any

import pytest

from evalkit.metrics import Compared, compared
from evalkit.metrics.columns import Columns
from evalkit.metrics.controls import WithControls

ROW: dict[str, Any] = {"end": "completed", "calls": 6, "latency_ns": 900, "cost": 0.5}
CONTROL = {**ROW, "calls": 4, "latency_ns": 1000, "cost": 0.25}


@pytest.mark.parametrize(
    ("row", "control", "figures"),
    [
        (ROW, CONTROL, (1.5, -100, 0.25)),
        ({**ROW, "cost": 0.3}, {**CONTROL, "cost": 0.2}, (1.5, -100, 0.1)),
        (ROW, None, (None, None, None)),
        (ROW, {**CONTROL, "calls": 0}, (None, -100, 0.25)),
        ({**ROW, "calls": 0}, CONTROL, (0.0, -100, 0.25)),
        (ROW, {**CONTROL, "latency_ns": None}, (1.5, None, 0.25)),
        ({**ROW, "cost": None}, CONTROL, (1.5, -100, None)),
        ({**ROW, "end": "timed_out"}, CONTROL, (1.5, -100, 0.25)),
        ({**ROW, "end": "errored"}, CONTROL, (None, None, None)),
        (ROW, {**CONTROL, "end": "errored"}, (None, None, None)),
    ],
)
def test_a_session_beside_its_control(row, control, figures):
    amplification, latency, cost = figures
    assert compared(row, control) == Compared(
        amplification=amplification, added_latency_ns=latency, added_cost=cost
    )


def table(*rows: tuple[str, str, dict[str, Any]]) -> dict[str, list[Any]]:
    full = [{"scenario": scenario, "session": session, **row} for scenario, session, row in rows]
    return {name: [each[name] for each in full] for name in full[0]}


def test_sessions_are_paired_by_scenario_and_session():
    sessions = table(
        ("bad", "s1", ROW), ("bad", "s2", ROW), ("good", "s1", CONTROL), ("else", "s2", CONTROL)
    )
    columns = Columns(WithControls(sessions, {"bad": "good", "good": None}))
    found = columns.numbers("amplification")
    assert found.known.tolist() == [True, False, False, False]
    assert found.values[0] == 1.5
    assert columns.numbers("added_latency_ns").values[0] == -100
    assert columns.numbers("calls").values.tolist() == [6, 6, 4, 4]
