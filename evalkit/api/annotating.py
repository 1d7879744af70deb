"""Finds where in its suite that stands which a run did not pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.gate import GateResult, Verdict, parse_gate
from evalkit.report.ci.annotations import Annotation, Level
from evalkit.store import RunRecord, ScenarioRecord
from evalkit.suite import Loaded, load_suite
from evalkit.suite.model import Suite
from evalkit.suite.source import Mark


def annotations_of(record: RunRecord, root: Path) -> Iterator[Annotation]:
    """What of a run did not pass, at the lines of the suite as it is now; critical things first.

    Files are named from `root` where they are in it. Where the suite cannot be read any more, they
    stand at the file as a whole.
    """
    yield from _Lines.of(record, root).all(record)


@dataclass(frozen=True, slots=True)
class _Lines:
    """A suite's file, and where in it things stand."""

    file: str
    suite: str
    loaded: Loaded[Suite] | None

    @classmethod
    def of(cls, record: RunRecord, root: Path) -> _Lines:
        """Those of the suite of a run."""
        path = Path(record.path)
        try:
            loaded = load_suite(path)
        except SuiteError:
            loaded = None
        whole, within = path.resolve(), root.resolve()
        inside = whole.is_relative_to(within)
        file = whole.relative_to(within).as_posix() if inside else record.path
        return cls(file, record.suite, loaded)

    def all(self, record: RunRecord) -> Iterator[Annotation]:
        """What of a run did not pass."""
        if record.not_started is not None:
            yield self._at(self._mark("agent"), "error", self.suite, record.not_started)
            return
        if record.difference is not None:
            told = f"the second run was different: {record.difference}"
            yield self._at(self._mark("suite"), "error", self.suite, told)
        yield from self._of_gates(record.gates, None)
        own = [each for each in record.scenarios if not each.added]
        for each in sorted(own, key=lambda each: not each.critical):
            yield from self._of_scenario(record, each)

    def _of_scenario(self, record: RunRecord, scenario: ScenarioRecord) -> Iterator[Annotation]:
        name = scenario.name
        level: Level = "error" if scenario.blocking else "warning"
        standing = f" ({scenario.standing})" if scenario.standing else ""
        mark = self._mark("scenarios", name)
        gates = {each.why for each in scenario.gates}
        for why in scenario.reasons:
            if scenario.verdict is not Verdict.PASS and why not in gates:
                yield self._at(mark, level, f"{self.suite}: {name}", why + standing)
        yield from self._of_gates(scenario.gates, scenario)
        shifts = () if record.compared is None else record.compared.regressions
        for shift in shifts:
            if shift.scenario == name:
                told = f"{shift.series} got worse than in the baseline{standing}"
                yield self._at(mark, level, f"{self.suite}: {name}", told)

    def _of_gates(
        self, gates: tuple[GateResult, ...], scenario: ScenarioRecord | None
    ) -> Iterator[Annotation]:
        where = ("gates",) if scenario is None else ("scenarios", scenario.name, "gates")
        blocks = scenario is None or scenario.blocking
        for gate in gates:
            if gate.verdict is not Verdict.PASS:
                level: Level = "error" if gate.blocking and blocks else "warning"
                title = f"{self.suite}: {gate.gate}"
                yield self._at(self._gate(where, gate), level, title, gate.why)

    def _gate(self, where: tuple[str, ...], gate: GateResult) -> Mark | None:
        """Where a gate stands, which is recorded as it was understood and not as it was written."""
        if self.loaded is None:
            return None
        suite = self.loaded.value
        scenario = suite.scenarios.get(where[1]) if len(where) > 1 else suite
        texts = () if scenario is None else scenario.gates
        for at, text in enumerate(texts):
            if str(parse_gate(text)) == gate.gate:
                return self.loaded.mark((*where, at))
        return self.loaded.mark(where, at_key=True)

    def _mark(self, *where: str) -> Mark | None:
        return None if self.loaded is None else self.loaded.mark(where, at_key=True)

    def _at(self, mark: Mark | None, level: Level, title: str, message: str) -> Annotation:
        return Annotation(
            level=level,
            file=self.file,
            line=None if mark is None else mark.line,
            column=None if mark is None else mark.column,
            title=title,
            message=message,
        )
