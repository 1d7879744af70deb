"""What came of an item in words: the verdict, the figures, and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.api.piecewise import Piece, Piecewise
from evalkit.gate import Verdict, combine
from evalkit.report.closing import gate_lines, scenario_lines
from evalkit.report.lines import plain
from evalkit.report.words import clean
from evalkit.store import Run, RunRecord

_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The verdict of an item. `headline` says why in a line, `text` all there is to say, and
    `standing` why it does not block, where it does not.
    """

    verdict: str
    blocking: bool
    headline: str
    text: str
    command: str
    standing: str = "does not block"

    @property
    def passed(self) -> bool:
        """Whether it lets a merge through."""
        return self.verdict == Verdict.PASS.value


def told_of_scenario(run: Piecewise, piece: Piece, name: str) -> Told:
    """What came of a scenario."""
    record = piece.record
    scenario = record.scenario(name)
    command = record.again(name)
    verdict, reasons = scenario.verdict or Verdict.ERROR, scenario.reasons
    if record.not_started is not None:
        verdict, reasons = Verdict.ERROR, (record.not_started,)
    lines = map(plain, scenario_lines(Run(run.folder, record), scenario, _WIDTH))
    where = f"look    evalkit show {run.folder.name} {name}"
    return Told(
        verdict=verdict.value,
        blocking=scenario.blocking,
        headline=_headline(verdict, reasons),
        text="\n".join((_headline(verdict, reasons), "", *lines, *_closing(command, where))),
        command=command,
        standing=scenario.standing,
    )


def told_of_gates(run: Piecewise, piece: Piece) -> Told:
    """What came of the gates of the suite."""
    record = piece.record
    verdict, reasons = _of_gates(record)
    scenarios = [each.name for each in record.scenarios if not each.added]
    only = scenarios[0] if len(scenarios) == 1 else None
    command = record.again(only)
    lines = [plain(each) for each in gate_lines(record.gates, _WIDTH)]
    about = f"judged over {', '.join(scenarios)}"
    where = f"look    evalkit show {run.folder.name}"
    headline = _headline(verdict, reasons)
    return Told(
        verdict=verdict.value,
        blocking=True,
        headline=headline,
        text="\n".join((headline, "", about, *lines, *_closing(command, where))),
        command=command,
    )


def _of_gates(record: RunRecord) -> tuple[Verdict, tuple[str, ...]]:
    if record.not_started is not None:
        return Verdict.ERROR, (record.not_started,)
    broken = [each for one in record.scenarios for each in one.problems]
    if broken:
        return Verdict.ERROR, tuple(each.what for each in broken)
    judged = [each for each in record.gates if each.blocking]
    reasons = tuple(each.why for each in judged if each.verdict is not Verdict.PASS)
    return combine([Verdict.PASS, *(each.verdict for each in judged)]), reasons


def _headline(verdict: Verdict, reasons: tuple[str, ...]) -> str:
    word = verdict.value.replace("_", " ")
    if not reasons:
        return word
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{word}: {clean(reasons[0])}{more}"


def _closing(command: str, where: str) -> Iterator[str]:
    yield ""
    yield f"  again   {clean(command)}"
    yield f"  {where}"
