"""The runs of one session of pytest: one folder per suite, whoever runs its scenarios."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evalkit.api.piecewise import Piecewise, finished, gated
from evalkit.api.planning import plan_loaded
from evalkit.api.reporting import report
from evalkit.errors import EvalkitError
from evalkit.gate import Verdict
from evalkit.keyed import digest_of
from evalkit.pytest_plugin.keys import GATES, MARK, PIECE, RUNS, SCENARIOS
from evalkit.pytest_plugin.options import Options, shown
from evalkit.pytest_plugin.sessions import session_of
from evalkit.report.words import SYMBOLS
from evalkit.store import Run
from evalkit.suite import load_suite

if TYPE_CHECKING:
    from evalkit.engine.cells import SuitePlan

_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.ERROR: "red"}


def runs_of(config: pytest.Config) -> Runs:
    """The runs of the session of this configuration."""
    if RUNS not in config.stash:
        config.stash[RUNS] = Runs(config)
    runs = config.stash[RUNS]
    assert isinstance(runs, Runs)
    return runs


class Runs:
    """The runs of one session; none is begun until a scenario of it is run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._plans: dict[Path, SuitePlan] = {}
        self._selected: dict[Path, list[str]] = defaultdict(list)
        self._open: dict[Path, Piecewise] = {}
        self._done: list[Run] = []
        self._pages: dict[str, Path] = {}
        self._wrong: list[str] = []

    # Where scenarios are run -------------------------------------------------------------------

    def know(self, path: Path, plan: SuitePlan) -> None:
        """There is a suite with this plan."""
        self._plans[path] = plan

    def select(self, items: Sequence[pytest.Item]) -> None:
        """These items will be run."""
        self._selected.clear()
        for each in items:
            if SCENARIOS in each.stash:
                names: tuple[str, ...] = each.stash[SCENARIOS]
                self._selected[each.path] += names

    def of(self, path: Path) -> Piecewise:
        """The run of a suite, begun if it is not."""
        if path not in self._open:
            options, session = Options.of(self._config), session_of(self._config)
            self._open[path] = Piecewise(
                self._plans[path],
                options.reports,
                names=dict.fromkeys(self._selected[path]),
                started=datetime.fromisoformat(session["started"]),
                token=digest_of(session["token"], str(path)).hex()[:4],
                workers=options.workers or self._share(),
            )
        return self._open[path]

    def _share(self) -> int | None:
        """How many processes this one may have at a time beside the other workers of xdist."""
        others = getattr(self._config, "workerinput", {}).get("workercount")
        return None if others is None else max(1, (os.cpu_count() or 1) // others)

    def tell(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Have a report say what came of its item."""
        piece = item.stash.get(PIECE, None)
        if piece is not None:
            told = {
                "path": str(item.path),
                "folder": str(self.of(item.path).folder),
                "gates": item.stash[GATES],
                **piece.told(),
            }
            setattr(report, MARK, told)

    # Where the session is led ------------------------------------------------------------------

    def finish(self, heard: Sequence[Mapping[str, Any]]) -> None:
        """Judge each run as a whole, by what was heard of its pieces, and write its report."""
        self.close()
        by_folder: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for each in heard:
            by_folder[each["path"], each["folder"]].append(each)
        for (path, folder), pieces in by_folder.items():
            try:
                plan = self._plan_of(Path(path))
                gates = not gated(plan) or any(each["gates"] for each in pieces)
                self._done.append(finished(plan, Path(folder), pieces, gates=gates))
                if Options.of(self._config).writes:
                    self._pages[self._done[-1].id] = report(self._done[-1])[0]
            except EvalkitError as error:
                self._wrong.append(f"{folder}: {error}")

    def _plan_of(self, path: Path) -> SuitePlan:
        """The plan of a suite, which was perhaps collected in other processes only."""
        if path not in self._plans:
            options = Options.of(self._config)
            loaded = load_suite(shown(path))
            self._plans[path] = plan_loaded(loaded, seed=options.seed, controls=options.controls)
        return self._plans[path]

    def summarise(self, reporter: pytest.TerminalReporter) -> None:
        """Say where the runs are, and what came of them."""
        if not self._done and not self._wrong:
            return
        reporter.section("evalkit")
        for run in self._done:
            verdict = run.verdict or Verdict.ERROR
            colour = {_COLOURS.get(verdict, "yellow"): True}
            word = f"{SYMBOLS[verdict]} {verdict.value.replace('_', ' ')}"
            how = "" if run.digest is not None else f" ({run.record.status.value})"
            where = shown(self._pages.get(run.id, run.folder))
            reporter.write_line(f"{word}  {run.record.suite}{how}: {where}", **colour)
        for each in self._wrong:
            reporter.write_line(f"! {each}", red=True)

    def close(self) -> None:
        """End the processes that cells were forked from."""
        for each in self._open.values():
            each.close()
