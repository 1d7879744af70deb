"""Watches gates while sessions end, and says when one is lost for certain.

Watched are blocking gates over all sessions whose samples are sessions, and so independent of each
other: rates of sessions that completed or failed, and percentiles of the latency of turns where
each session has a single one. With several, each has its part of the level of false alarms.

Where the sessions are a sample, a sequential test says so. It may be asked after every session;
where each round replays the same sessions, some of which are harder than others, only at the ends
of rounds: over whole rounds the test errs no more often than over sessions that are all alike
(Hoeffding, On the distribution of the number of successes in independent trials, Annals of
Mathematical Statistics 27, 1956). Where they are a census, a gate is lost as soon as it could not
be kept if all that is left went well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evalkit.gate.compare import compare
from evalkit.gate.confidence import can_be_sure
from evalkit.gate.model import Gate
from evalkit.gate.sequential import Exceeds
from evalkit.metrics.aggregate import nearest_rank

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A session that is over: whether it completed, and how long its only turn took, in
    nanoseconds; None where it has several, or that turn did not end.
    """

    completed: bool
    latency: int | None = None


_MUCH = 1_000  # sessions


class InOrder:
    """Hands what came of sessions over in the order in which they were to begin, not in that in
    which they ended: what ends quickly may well be what goes wrong.
    """

    def __init__(self) -> None:
        self._ended: dict[str, Ended | None] = {}
        self._next = 0

    def over(self, session: str, ended: Ended | None, order: list[str]) -> Iterator[Ended]:
        """A session of those in `order` is over, or nothing will be known of it: what can be handed
        over now. `order` may grow.
        """
        self._ended[session] = ended
        while self._next < len(order) and order[self._next] in self._ended:
            found = self._ended.pop(order[self._next])
            self._next += 1
            if found is not None:
                yield found

    def cut(self, order: list[str]) -> None:
        """Take off `order` what was handed over, where that is much."""
        if self._next >= _MUCH:
            del order[: self._next]
            self._next = 0


class Watch:
    """The gates that can be watched, each with its test. `single` says that sessions are of one
    turn, `census` how many there are where they are all that there is, and `rounds` of how many
    sessions each round is where they are repeated.
    """

    def __init__(
        self,
        gates: Iterable[Gate],
        *,
        single: bool,
        alpha: float = ALPHA,
        census: int | None = None,
        rounds: int = 1,
    ) -> None:
        chosen = [each for each in gates if _watched(each, single=single)]
        tested = [each for each in chosen if _tested(each, census, rounds)]
        self._tests = [(each, Exceeds(_allowed(each), alpha / len(tested))) for each in tested]
        self._counts = [(each, _Count(each, census)) for each in chosen if _counted(each, census)]
        self._rounds, self._seen = rounds, 0

    @property
    def any(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._tests or self._counts)

    def add(self, ended: Ended) -> str | None:
        """Take a session in; why there is no use in going on, if a gate is lost."""
        self._seen += 1
        lost = None
        for count_gate, count in self._counts:
            if count.add(ended):
                lost = lost or f"`{count_gate}` could not be kept any more: {count}"
        asked = self._seen % self._rounds == 0
        for gate, test in self._tests:
            if (hit := _bad(gate, ended)) is not None:
                test.add(hit=hit)
            if asked and test.exceeded:
                share = f"{test.hits} of {test.samples} sessions were against it"
                lost = lost or f"`{gate}` is lost: {share}"
        return lost


class _Count:
    """Counts the sessions against a gate among all that there are."""

    def __init__(self, gate: Gate, planned: int | None) -> None:
        assert planned is not None
        self._gate, self._planned = gate, planned
        self._against = 0

    def add(self, ended: Ended) -> bool:
        """Take a session in; whether the gate cannot be kept any more."""
        self._against += _bad(self._gate, ended) or False
        gate, best = self._gate, self._planned - self._against
        if (share := gate.percentile) is not None:
            return best < nearest_rank(self._planned, share)
        good = gate.metric.name == "session.completed"
        return not compare((best if good else self._against) / self._planned, gate.op, gate.limit)

    def __str__(self) -> str:
        return f"{self._against} of {self._planned} sessions were against it"


def _tested(gate: Gate, census: int | None, rounds: int) -> bool:
    """Whether the sessions are a sample to this gate."""
    if gate.basis == "observed":
        return False
    return census is None or isinstance(gate.basis, float) or rounds > 1


def _counted(gate: Gate, census: int | None) -> bool:
    """Whether the sessions are a census to this gate."""
    return census is not None and not isinstance(gate.basis, float)


def _watched(gate: Gate, *, single: bool) -> bool:
    if gate.where is not None or gate.each is not None or not gate.blocking:
        return False
    if not can_be_sure(gate):
        return False
    name, upper = gate.metric.name, gate.op in ("<", "<=")
    if gate.aggregate == "rate":
        return (name, upper) in {("session.completed", False), ("session.failed", True)}
    return single and name == "turn.latency" and upper and gate.percentile is not None


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
