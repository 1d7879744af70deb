"""The scenarios of a run: their verdicts, why, and how their sessions ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.gate import Verdict
from evalkit.report.flow import flow
from evalkit.report.html.before import moved_words
from evalkit.report.html.controls import added_of
from evalkit.report.html.groups import rows_by
from evalkit.report.html.problems import in_order
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of, shortened, visible
from evalkit.report.html.totals import regressions_of
from evalkit.report.html.view import Before, ScenarioLine
from evalkit.report.live import live_words
from evalkit.store import ScenarioRecord

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

LONGEST_DETAIL = 4_000
"""Characters that are shown of a traceback."""


def scenarios_of(stored: Stored, before: Before | None = None) -> tuple[ScenarioLine, ...]:
    """A line per scenario: what failed first, then what is worse than the baseline, controls
    last.
    """
    rows = rows_by(stored.sessions, "scenario")
    worse: dict[str, list[str]] = defaultdict(list)
    for moved in regressions_of(before):
        worse[moved.scenario].append(moved_words(moved))
    ordered = sorted(
        in_order(stored.record.scenarios),
        key=lambda each: (each.added, each.verdict is Verdict.PASS, each.name not in worse),
    )
    return tuple(_scenario(stored, each, rows, worse.get(each.name, ())) for each in ordered)


def _scenario(
    stored: Stored,
    scenario: ScenarioRecord,
    rows: Mapping[str, Values],
    worse: Sequence[str],
) -> ScenarioLine:
    warnings = {each.why for each in scenario.gates}
    notes = [*scenario.notes, *(each for each in scenario.warnings if each not in warnings)]
    notes += [each for each in [live_words(scenario)] if each]
    control = rows.get(scenario.control or "")
    own = rows.get(scenario.name)
    return ScenarioLine(
        name=scenario.name,
        verdict=scenario.verdict,
        blocking=scenario.blocking,
        critical=scenario.critical,
        standing=line_of(scenario.standing),
        control=scenario.added,
        description=line_of(scenario.description) if scenario.description else None,
        faults=tuple(line_of(flow(each), 200) for each in scenario.rules[:8]),
        sessions=scenario.sessions,
        ends=scenario.counted,
        violations=_found(scenario, "violation"),
        advice=_found(scenario, "advice"),
        reasons=tuple(line_of(each) for each in scenario.reasons[:4]),
        notes=tuple(line_of(each) for each in notes[:6]),
        problems=tuple(
            (
                line_of(f"cell {each.cell}: {each.what}"),
                shortened(visible(each.detail), LONGEST_DETAIL),
            )
            for each in scenario.problems[:5]
        ),
        added=None if own is None or control is None else added_of(stored, own, control),
        worse=tuple(map(line_of, worse)),
    )


def _found(scenario: ScenarioRecord, severity: str) -> int:
    return sum(each.findings for each in scenario.checks if each.severity == severity)
