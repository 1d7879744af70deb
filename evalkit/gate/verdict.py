"""Verdicts, how several combine, and what the process exits with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Of a gate, a scenario or a run. Only `pass` lets a merge through."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Reason:
    """What keeps something from passing: the verdict it leads to, and a sentence."""

    verdict: Verdict
    text: str


_WORST_FIRST = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)

START_EXIT = 4
"""The exit code where the agent or the world could not be started."""

_EXITS = {
    Verdict.PASS: 0,
    Verdict.FAIL: 1,
    Verdict.INCONCLUSIVE: 3,
    Verdict.NO_DATA: 3,
    Verdict.ERROR: 5,
}
_EXITS_WORST_FIRST = (5, 4, 2, 1, 3, 0)


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; where there is none, nothing was shown: no data."""
    given = set(verdicts)
    return next((each for each in _WORST_FIRST if each in given), Verdict.NO_DATA)


def exit_code(verdict: Verdict) -> int:
    """The exit code of a verdict. An error is taken for an internal one."""
    return _EXITS[verdict]


def worst_exit(codes: Iterable[int]) -> int:
    """The exit code where several apply; that of no data where none does."""
    given = set(codes)
    return next((each for each in _EXITS_WORST_FIRST if each in given), 3)
