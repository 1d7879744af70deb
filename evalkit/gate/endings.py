"""Whether the sessions of a scenario ran, and whether they ended as they should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.gate.model import Gate
from evalkit.gate.verdict import Reason, Verdict
from evalkit.journal.records import End
from evalkit.metrics.columns import Table, plain

_JUDGE_ALL = frozenset({"session.completed", "session.failed", "session.good"})
"""A gate on one of these says how many sessions have to complete."""

_JUDGES_HIT = "session.recovered"
"""A gate on this says how many of those that a fault reached have to complete."""

_BROKEN = frozenset({End.FAILED, End.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Ending:
    """How one session ended, why unless it completed, and whether a fault reached it."""

    end: End
    reason: str | None
    hit: bool


def endings(sessions: Table, scenario: str) -> tuple[Ending, ...]:
    """How the scenario's sessions ended, by their rows."""
    names = ("scenario", "end", "reason", "recovered")
    rows = zip(*(plain(sessions[each]) for each in names), strict=True)
    return tuple(
        Ending(End(end), reason, recovered is not None)
        for name, end, reason, recovered in rows
        if name == scenario
    )


def count_ends(
    ended: Sequence[Ending], planned: int, *, interrupted: bool = False
) -> Mapping[End, int]:
    """The planned sessions by how they ended; those that left no row have errored, unless the run
    was `interrupted`: of them it is not known.
    """
    counts = Counter(each.end for each in ended)
    if not interrupted:
        counts[End.ERRORED] += max(0, planned - len(ended))
    return {each: counts[each] for each in End}


def judge_endings(
    ended: Sequence[Ending],
    planned: int,
    expected: Collection[End],
    gates: Sequence[Gate],
    *,
    known: bool,
    interrupted: bool = False,
) -> Iterator[Reason]:
    """What is wrong with how the sessions ended.

    Every session has to complete, unless some end is expected or a gate says how many have to.
    `known` says that errors tell already why some sessions left no row, `interrupted` that the run
    was.
    """
    of = f"of {planned} sessions"
    if not planned:
        yield Reason(Verdict.NO_DATA, "no session was planned")
        return
    if len(ended) < planned and interrupted:
        missing = f"{planned - len(ended)} {of} were not run to an end"
        yield Reason(Verdict.NO_DATA, f"{missing}: the run was interrupted")
    elif len(ended) < planned and not known:
        yield Reason(Verdict.NO_DATA, f"{planned - len(ended)} {of} were not run")
    if errored := [each for each in ended if each.end is End.ERRORED]:
        yield Reason(Verdict.ERROR, f"{len(errored)} {of} did not run to an end{_first(errored)}")
    broken = [each for each in ended if each.end in _BROKEN]
    if ended and len(broken) == len(ended) and set(expected) <= {End.COMPLETED}:
        yield Reason(Verdict.FAIL, f"none {of} completed{_first(broken)}")
    elif unjudged := _unjudged(broken, expected, gates):
        yield Reason(Verdict.FAIL, f"{len(unjudged)} {of} did not complete{_first(unjudged)}")


def _unjudged(
    broken: Sequence[Ending], expected: Collection[End], gates: Sequence[Gate]
) -> Sequence[Ending]:
    """The sessions that did not complete and that no expectation and no gate judges."""
    judged = {each.metric.name for each in gates if each.where is None and each.blocking}
    if expected or judged & _JUDGE_ALL:
        return ()
    return [each for each in broken if not (each.hit and _JUDGES_HIT in judged)]


def _first(ended: Sequence[Ending]) -> str:
    reason = ended[0].reason
    return f"; the first: {reason}" if reason else ""
