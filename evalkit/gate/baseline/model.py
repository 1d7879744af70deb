"""What of a run is kept to compare later ones with: per session how it went and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evalkit.metrics.definitions import Unit

FLAGS = ("good", "completed", "recovered", "escalated", "degraded", "held")
"""What a session either is or is not, by the names of the metrics without `session.`."""

BETTER_TRUE = frozenset({"good", "completed", "recovered"})
"""Those that one wishes for; the others one does not."""

NUMBERS: Mapping[str, Unit] = MappingProxyType(
    {
        "latency": Unit.DURATION,
        "cost": Unit.MONEY,
        "calls": Unit.COUNT,
        "errors": Unit.COUNT,
    }
)
"""What of a session is counted or measured, with its unit; less is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session: its flags (missing where they do not apply), its figures, and its steps.

    `numbers` holds `latency` in nanoseconds, `cost` in US dollars, and how many `calls` it made and
    how many of them were `errors`, as far as they are known.
    """

    end: str
    answer: str | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    turns: tuple[float, ...] = ()
    """Nanoseconds that each turn took."""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFacts:
    """The sessions of a scenario, by id, and the services that were called."""

    sessions: Mapping[str, SessionFacts]
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A run as it is kept for comparison.

    `inputs` is one hash over the suite and the files that the run was made of, `live` says that its
    figures are in real time, and `gates` are the figures of its gates by their keys. `excused` are
    the scenarios that did not block it, `critical` those that are told of before others.

    `file` is where it was read from, and `revision` the commit that was run for it: what a later
    reader finds it by, and no part of it.
    """

    suite: str
    run: str
    seed: int
    live: bool
    commit: str | None
    inputs: str
    prices: str | None
    digest: str | None
    scenarios: Mapping[str, ScenarioFacts]
    gates: Mapping[str, float] = field(default_factory=dict)
    excused: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    agent: str | None = None
    file: str | None = field(default=None, compare=False)
    revision: str | None = field(default=None, compare=False)
