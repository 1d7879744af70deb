"""Suites as files of tests: an item per scenario, and one for the gates of the suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from evalkit.api.piecewise import gated
from evalkit.api.planning import plan_loaded
from evalkit.errors import EvalkitError, UsageError
from evalkit.pytest_plugin.keys import GATES, PIECE, SCENARIOS, TAGS
from evalkit.pytest_plugin.options import Options, shown
from evalkit.pytest_plugin.outcome import told_of_gates, told_of_scenario
from evalkit.pytest_plugin.runs import runs_of
from evalkit.store.scenario import CRITICAL
from evalkit.suite import load_suite

if TYPE_CHECKING:
    from evalkit.api.piecewise import Piece
    from evalkit.engine.cells import SuitePlan
    from evalkit.pytest_plugin.outcome import Told

GATES_NAME = "[gates]"
"""The name of the item of a suite's own gates, which no scenario can have."""


class SuiteFile(pytest.File):
    """One suite. Its mistakes are errors of collection."""

    plan: SuitePlan

    def collect(self) -> Iterator[pytest.Item]:
        """Its scenarios, those tagged `critical` first, and its gates where it has any."""
        options = Options.of(self.config)
        try:
            loaded = load_suite(shown(self.path))
            self.plan = plan_loaded(loaded, seed=options.seed, controls=options.controls)
        except UsageError as error:
            raise self.CollectError(str(error)) from error
        runs_of(self.config).know(self.path, self.plan)
        scenarios = self.plan.suite.scenarios.items()
        for name, scenario in sorted(scenarios, key=lambda each: CRITICAL not in each[1].tags):
            line = loaded.mark(("scenarios", name), at_key=True).line
            item = ScenarioItem.from_parent(self, name=name, line=line, scenarios=(name,))
            item.tag(scenario.tags)
            yield item
        if gated(self.plan):
            line = loaded.mark(("gates",), at_key=True).line
            names = gated(self.plan)
            yield GatesItem.from_parent(self, name=GATES_NAME, line=line, scenarios=names)


class SuiteItem(pytest.Item):
    """Something of a suite that is run and judged. `line` is where it stands, from 1, and
    `scenarios` are those that it is about.
    """

    of_gates = False

    def __init__(self, *, line: int, scenarios: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = line
        self.stash[SCENARIOS] = scenarios
        self.stash[GATES] = self.of_gates

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Where it stands."""
        return self.path, self.line - 1, self.name

    def runtest(self) -> None:
        """Run it and fail as it does, in its own words."""
        __tracebackhide__ = True
        piece = self._piece()
        if piece.interrupted:
            raise KeyboardInterrupt
        told = self.told(piece)
        self.user_properties.append(("evalkit_verdict", told.verdict))
        self.user_properties.append(("evalkit_command", told.command))
        if told.passed:
            return
        if not told.blocking:
            pytest.xfail(f"{told.standing}: {told.headline}")
        pytest.fail(told.text, pytrace=False)

    def _piece(self) -> Piece:
        __tracebackhide__ = True
        names: tuple[str, ...] = self.stash[SCENARIOS]
        try:
            piece = self.stash[PIECE] = runs_of(self.config).of(self.path).run(names, _nobody)
        except EvalkitError as error:
            problem = str(error)
        else:
            return piece
        # Out here the failure has no other exception behind it that pytest would show.
        pytest.fail(f"error: {problem}", pytrace=False)

    def told(self, piece: Piece) -> Told:
        """What came of it."""
        raise NotImplementedError


class ScenarioItem(SuiteItem):
    """One scenario."""

    def tag(self, tags: tuple[str, ...]) -> None:
        """Give it markers of these names; they are registered, for `--strict-markers`."""
        for tag in tags:
            if tag.startswith("_"):  # pytest allows no marker of such a name
                self.extra_keyword_matches.add(tag)
                continue
            if tag not in self.config.stash.setdefault(TAGS, set()):
                self.config.stash[TAGS].add(tag)
                self.config.addinivalue_line("markers", f"{tag}: a tag of scenarios")
            self.add_marker(tag)

    def told(self, piece: Piece) -> Told:
        """What came of it."""
        return told_of_scenario(runs_of(self.config).of(self.path), piece, self.name)


class GatesItem(SuiteItem):
    """The gates of the suite, over the scenarios that inject nothing and block."""

    of_gates = True

    def told(self, piece: Piece) -> Told:
        """What came of them."""
        return told_of_gates(runs_of(self.config).of(self.path), piece)


def _nobody(event: object) -> None:
    del event
