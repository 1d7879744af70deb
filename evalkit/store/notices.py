"""What a listener is told of a run's folder, beside what the engine tells of its cells."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.store.run import Run


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A run has its folder and its record. `again` is the second time of two; `kept` counts the
    cells that a resumed run need not run any more, and is None where it was not resumed.
    """

    run: Run
    again: bool = False
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class RunJudged:
    """A run is over and its record holds the verdict."""

    run: Run
