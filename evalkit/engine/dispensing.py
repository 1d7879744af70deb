"""Which session comes next under load, and when: the suite's sessions, over and over."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from evalkit.engine.cells import PlannedSession
from evalkit.engine.spilling import Key
from evalkit.keyed import Draw
from evalkit.suite.model import SessionRecord
from evalkit.suite.regions import region_of
from evalkit.world.clock import NS


class Dispenser:
    """Gives out sessions in the order of the suite, each round of them under ids of its own, so
    that nothing drawn for one repeats in another.

    `shares` are those of the regions; a session whose record says none is in one of them, drawn
    by `seed`.
    """

    def __init__(
        self,
        sessions: Sequence[PlannedSession],
        shares: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        self._known = {each.record.id for each in sessions}
        self._sessions = [*{each.record.id: each for each in sessions}.values()]
        self._rounds: Counter[str] = Counter()
        self._sources: dict[str | None, Iterator[PlannedSession]] = {}
        self._placed: dict[tuple[str, str | None], SessionRecord] = {}
        self._shares, self._seed = shares or {}, seed
        self.given = 0
        """How many were given out."""
        self.under_way: dict[str, PlannedSession] = {}
        """Those given out and not taken back, by their ids, in order."""
        self._fresh: list[str] = []

    def fits(self, region: str | None) -> bool:
        """Whether there are sessions for a user in this region."""
        return bool(self._fit(region))

    def _fit(self, region: str | None) -> list[PlannedSession]:
        here = (None, region)
        return [each for each in self._sessions if region is None or each.record.region in here]

    def next(self, arrival: int | None = None, region: str | None = None) -> PlannedSession:
        """The next session, which arrived at a moment or begins at once; in a region, where one is
        named.
        """
        source = self._sources.get(region)
        if source is None:
            source = self._sources[region] = itertools.cycle(self._fit(region))
        each = next(source)
        name = self._name(each.record.id)
        given = replace(each, id=name, record=self._in_region(each, name, region), arrival=arrival)
        self.given += 1
        self.under_way[name] = given
        self._fresh.append(name)
        return given

    def fresh(self) -> list[str]:
        """The ids of those given out since this was asked last, in order."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def again(self, key: Key) -> PlannedSession:
        """A session that was taken back."""
        name, record, region, arrival = key
        return PlannedSession(id=name, record=self._placed[record, region], arrival=arrival)

    def _in_region(self, planned: PlannedSession, name: str, region: str | None) -> SessionRecord:
        """The record of a session, with the region that it is in."""
        record = planned.record
        own = region or region_of(record.region, name, self._shares, self._seed)
        key = record.id, own
        if key not in self._placed:
            self._placed[key] = record.model_copy(update={"region": own})
        return self._placed[key]

    def _name(self, record: str) -> str:
        number = self._rounds[record]
        self._rounds[record] += 1
        name = record if number == 0 else f"{record}~{number + 1}"
        while number and name in self._known:
            name = f"{record}~0{name.rpartition('~')[2]}"
        return name


def arrivals(rate: float, seed: int, until: int | None) -> Iterator[int]:
    """The moments before `until` at which sessions arrive, in nanoseconds: a Poisson process of so
    many a second, drawn by seed. Without `until` they have no end.
    """
    draw, moment, number = Draw("arrival", seed), 0.0, 0
    while True:
        moment += draw.exponential(1 / rate, f"gap {number}")
        number += 1
        if until is not None and round(moment * NS) >= until:
            return
        yield round(moment * NS)
