"""Which session comes next under load, and when: the suite's sessions, over and over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from evalkit.engine.cells import PlannedSession
from evalkit.keyed import Draw
from evalkit.world.clock import NS


class Dispenser:
    """Gives out sessions in the order of the suite, each round of them under ids of its own, so
    that nothing drawn for one repeats in another.
    """

    def __init__(self, sessions: Sequence[PlannedSession]) -> None:
        self._known = {each.record.id for each in sessions}
        self._source = self._endless([*{each.record.id: each for each in sessions}.values()])
        self.given: list[PlannedSession] = []
        """Those given out, in order."""

    def next(self, arrival: int | None = None) -> PlannedSession:
        """The next session, which arrived at a moment or begins at once."""
        given = replace(next(self._source), arrival=arrival)
        self.given.append(given)
        return given

    def _endless(self, sessions: Sequence[PlannedSession]) -> Iterator[PlannedSession]:
        number = 0
        while True:
            for each in sessions:
                yield replace(each, id=self._name(each.record.id, number))
            number += 1

    def _name(self, record: str, number: int) -> str:
        name = record if number == 0 else f"{record}~{number + 1}"
        while number and name in self._known:
            name = f"{record}~0{name.rpartition('~')[2]}"
        return name


def arrivals(rate: float, seed: int, until: int) -> Iterator[int]:
    """The moments before `until` at which sessions arrive, in nanoseconds: a Poisson process of so
    many a second, drawn by seed.
    """
    draw, moment, number = Draw("arrival", seed), 0.0, 0
    while True:
        moment += draw.exponential(1 / rate, f"gap {number}")
        number += 1
        if round(moment * NS) >= until:
            return
        yield round(moment * NS)
