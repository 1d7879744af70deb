"""Watches gates while sessions end, and says when one is lost for certain.

Watched are blocking gates over all sessions whose samples are sessions, and so independent of each
other: rates of sessions that completed or failed, and percentiles of the latency of turns where
each session has a single one. With several, each has its part of the level of false alarms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.gate.confidence import can_be_sure
from evalkit.gate.model import Gate
from evalkit.gate.sequential import Exceeds

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A session that is over: whether it completed, and how long its only turn took, in
    nanoseconds; None where it has several, or that turn had no reply.
    """

    completed: bool
    latency: int | None = None


class Watch:
    """The gates that can be watched, each with its test. `single` says that sessions are of one
    turn.
    """

    def __init__(self, gates: Iterable[Gate], *, single: bool, alpha: float = ALPHA) -> None:
        chosen = [each for each in gates if _watched(each, single=single)]
        self._tests = [(each, Exceeds(_allowed(each), alpha / len(chosen))) for each in chosen]

    def add(self, ended: Ended) -> str | None:
        """Take a session in; why there is no use in going on, if a gate is lost."""
        lost = None
        for gate, test in self._tests:
            hit = _bad(gate, ended)
            if hit is not None and test.add(hit=hit):
                share = f"{test.hits} of {test.samples} sessions were against it"
                lost = lost or f"`{gate}` is lost: {share}"
        return lost


def _watched(gate: Gate, *, single: bool) -> bool:
    if gate.where is not None or gate.each is not None or not gate.blocking:
        return False
    if gate.basis == "observed" or not can_be_sure(gate):
        return False
    name, upper = gate.metric.name, gate.op in ("<", "<=")
    if gate.aggregate == "rate":
        return (name, upper) in {("session.completed", False), ("session.failed", True)}
    return single and name == "turn.latency" and upper


def _allowed(gate: Gate) -> float:
    """The share of bad sessions that the gate allows."""
    if (share := gate.percentile) is not None:
        return float(1 - share)
    return gate.limit if gate.op in ("<", "<=") else 1 - gate.limit


def _bad(gate: Gate, ended: Ended) -> bool | None:
    """Whether the session is against the gate; None where it has nothing to do with it."""
    if gate.aggregate == "rate":
        return not ended.completed
    if ended.latency is None:
        return None
    return ended.latency >= gate.limit if gate.op == "<" else ended.latency > gate.limit
