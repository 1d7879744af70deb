"""What faults did to a session: its figures beside those of the same session without faults.

Faults, latencies and everything an agent draws are keyed by the session and the call, not by the
scenario. So a session and its control differ by the faults and what the agent made of them, and the
difference is one of cause, not of chance. Where there is no such session, or one of the two did not
run to an end, there is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from evalkit.journal.records import End
from evalkit.metrics.columns import Table, plain
from evalkit.metrics.definitions import METRICS
from evalkit.metrics.money import difference

PAIRED = tuple(each.column for each in METRICS.values() if each.paired)
"""The columns that are not stored, but taken from two sessions when a run is read."""

_USED = ("scenario", "session", "end", "calls", "latency_ns", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A session beside the same one without faults. None is what is not known."""

    amplification: float | None = None
    added_latency_ns: int | None = None
    added_cost: float | None = None


Figures: TypeAlias = Mapping[str, Any]
"""What is used of a session's row, by column."""


def compared(row: Figures, control: Figures | None) -> Compared:
    """A session's row beside that of its control."""
    if control is None or End.ERRORED in (row["end"], control["end"]):
        return Compared()
    calls = control["calls"]
    return Compared(
        amplification=row["calls"] / calls if calls else None,
        added_latency_ns=_minus(row["latency_ns"], control["latency_ns"]),
        added_cost=_more(row["cost"], control["cost"]),
    )


def _minus(value: Any, other: Any) -> Any:
    return None if value is None or other is None else value - other


def _more(cost: float | None, other: float | None) -> float | None:
    return None if cost is None or other is None else difference(cost, other)


def paired(sessions: Table, controls: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """The columns `PAIRED` of the table of sessions; `controls` has the control of a scenario."""
    columns = [plain(sessions[each]) for each in _USED]
    rows = [dict(zip(_USED, each, strict=True)) for each in zip(*columns, strict=True)]
    known = {(each["scenario"], each["session"]): each for each in rows}
    found = []
    for each in rows:
        control = controls.get(each["scenario"])
        other = None if control is None else known.get((control, each["session"]))
        found.append(compared(each, other))
    return {name: [getattr(each, name) for each in found] for name in PAIRED}


class WithControls:
    """The table of sessions with the columns `PAIRED`."""

    def __init__(self, sessions: Table, controls: Mapping[str, str | None]) -> None:
        self._sessions = sessions
        self._controls = controls
        self._paired: dict[str, list[Any]] = {}

    def __getitem__(self, column: str) -> Any:
        """A column, of the table or compared."""
        if column not in PAIRED:
            return self._sessions[column]
        if not self._paired:
            self._paired = paired(self._sessions, self._controls)
        return self._paired[column]
