"""What metrics are made of, before anything is encoded: families of samples.

A stored run is over, and the next may have fewer of anything: so its counts are gauges, and have
no `_total`. Names end in base units. No label tells runs or commits apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What a family holds, by the words of Prometheus."""

    GAUGE = "gauge"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A figure and its labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Many figures as one: how many, their sum, and quantiles (by nearest rank) of them."""

    labels: Mapping[str, str]
    count: int
    sum: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric: its name, what it tells, and its samples (`spreads` where it is a summary).

    `unit` is that of UCUM which OTLP asks for; in the name stands what Prometheus calls it.
    """

    name: str
    help: str
    unit: str = ""
    samples: tuple[Sample, ...] = ()
    spreads: tuple[Spread, ...] = ()

    @property
    def shape(self) -> Shape:
        """What it holds. A summary has spreads, also where there are none yet."""
        return Shape.SUMMARY if self.spreads else Shape.GAUGE
