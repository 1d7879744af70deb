"""What a listener is told of a run's folder, beside what the engine tells of its cells."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.store.run import Run


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A run has its folder and its record. `again` is the second time of two."""

    run: Run
    again: bool = False


@dataclass(frozen=True, slots=True)
class RunJudged:
    """A run is over and its record holds the verdict."""

    run: Run
