"""What the parts of the plugin keep for each other, in the stashes of pytest's own objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from evalkit.api.piecewise import Piece
    from evalkit.pytest_plugin.stage import Stage

MARK = "evalkit"
"""The marker of tests that run in a world; also what reports call what they say of scenarios."""


class Runs(Protocol):
    """The runs of one session: `evalkit.pytest_plugin.runs.Runs`, which takes long to import."""

    def select(self, items: Sequence[pytest.Item]) -> None:
        """These items will be run."""

    def tell(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Have a report say what came of its item."""

    def finish(self, heard: Sequence[Mapping[str, Any]]) -> None:
        """Judge each run as a whole, by what was heard of its pieces."""

    def summarise(self, reporter: pytest.TerminalReporter) -> None:
        """Say where the runs are, and what came of them."""

    def close(self) -> None:
        """End the processes that cells were forked from."""


RUNS: pytest.StashKey[Runs] = pytest.StashKey()
SCENARIOS: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()
"""Of an item: the scenarios of its suite that it is about."""

PIECE: pytest.StashKey[Piece] = pytest.StashKey()
"""Of an item: what came of it."""

GATES: pytest.StashKey[bool] = pytest.StashKey()
"""Of an item: whether it is about the gates of the suite."""

TAGS: pytest.StashKey[set[str]] = pytest.StashKey()
STAGE: pytest.StashKey[Stage] = pytest.StashKey()
"""Of a test: the world that it runs in."""
