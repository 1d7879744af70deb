"""Tables for gates to judge, made of rows that say only what matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evalkit.gate import Verdict, judge, parse_gate

_DEFAULTS: dict[str, dict[str, Any]] = {
    "calls": {
        "session": "s1",
        "service": "crm",
        "operation": "GET /",
        "model": None,
        "region": None,
        "fault": None,
        "cause": "organic",
        "recovered": True,
        "latency_ns": None,
        "error": False,
        "timeout": False,
        "attempts": 1,
    },
    "turns": {
        "session": "s1",
        "region": None,
        "fault": None,
        "answer": None,
        "latency_ns": None,
        "failed": False,
    },
    "sessions": {
        "session": "s1",
        "region": None,
        "fault": None,
        "recovered": None,
        "answer": None,
        "end": "completed",
        "reason": None,
        "completed": True,
        "failed": False,
        "good": True,
        "cost": None,
    },
}
_TYPES = {"recovered": "boolean", "latency_ns": "Int64", "attempts": "Int64", "cost": "Float64"}


@dataclass(frozen=True)
class Tables:
    """The tables as pandas frames, like those of a stored run."""

    calls: pd.DataFrame
    turns: pd.DataFrame
    sessions: pd.DataFrame


def tables(**rows: list[dict[str, Any]]) -> Tables:
    """The tables with these rows; what a row does not say is as usual."""
    return Tables(**{name: _frame(name, rows.get(name, [])) for name in _DEFAULTS})


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    full = [{"scenario": "happy", **_DEFAULTS[name], **row} for row in rows]
    frame = pd.DataFrame(full, columns=["scenario", *_DEFAULTS[name]])
    return frame.astype({key: kind for key, kind in _TYPES.items() if key in frame})


def turns(*latencies_ms: float | None, sessions: int | None = None) -> list[dict[str, Any]]:
    """Turns of these latencies, each of a session of its own or of so many sessions."""
    return [
        {
            "session": f"s{at if sessions is None else at % sessions}",
            "latency_ns": None if each is None else round(each * 1_000_000),
        }
        for at, each in enumerate(latencies_ms)
    ]


def judged(text: str, frames: Tables, **given: Any):
    """What comes of a gate over the scenario `happy`."""
    return judge(parse_gate(text), frames, given.pop("scenarios", {"happy"}), **given)


def verdict(text: str, frames: Tables, **given: Any) -> Verdict:
    """The verdict of a gate over the scenario `happy`."""
    return judged(text, frames, **given).verdict
