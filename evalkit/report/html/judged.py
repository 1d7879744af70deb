"""The verdict and what it rests on: the banner, the scenarios and the gates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from evalkit.gate import GateResult, Verdict
from evalkit.report.flow import flow
from evalkit.report.html import amounts
from evalkit.report.html.before import moved_words, what_to_do
from evalkit.report.html.controls import added_of
from evalkit.report.html.groups import rows_by
from evalkit.report.html.problems import WORST, in_order
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of, shortened, visible
from evalkit.report.html.totals import fell, regressions_of, totals_of
from evalkit.report.html.view import (
    Banner,
    Before,
    Cost,
    GateLine,
    Missed,
    Problem,
    ScenarioLine,
)
from evalkit.report.html.words import plain
from evalkit.report.live import live_words, time_words
from evalkit.report.spend import unpriced_calls
from evalkit.report.words import count
from evalkit.store import RunRecord, ScenarioRecord, Status

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

MOST_FIRST = 4
"""Problems that the banner begins with."""

MOST_MISSED = 5
"""Gates and figures that the banner names."""

LONGEST_DETAIL = 4_000
"""Characters that are shown of a traceback."""

_TITLES = {
    Verdict.PASS: "Passed",
    Verdict.FAIL: "Failed",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NO_DATA: "No data",
    Verdict.ERROR: "Error",
    None: "Not judged",
}


def title_of(verdict: Verdict | None) -> str:
    """The verdict in a word."""
    return _TITLES[verdict]


# The banner --------------------------------------------------------------------------------------


def banner_of(
    stored: Stored,
    problems: Sequence[Problem],
    cost: Cost,
    gates: Sequence[GateLine] = (),
    before: Before | None = None,
) -> Banner:
    """What is said first."""
    record = stored.record
    missed = tuple(_missed(record, gates, before))
    first = _first(problems)
    resumes = record.status is not Status.COMPLETE
    return Banner(
        verdict=record.verdict,
        title=_TITLES[record.verdict],
        why=line_of(why_of(record), 600),
        suite=record.suite,
        run=record.run,
        status=record.status.value,
        facts=tuple(_facts(record)),
        settings=tuple(_settings(record)),
        totals=tuple(totals_of(stored, cost, before)),
        clock=time_words(record),
        command=record.command,
        go_on=f"evalkit run --resume {record.run}" if resumes else None,
        warnings=tuple(map(line_of, (*record.warnings, *unpriced_calls(record)))),
        notes=tuple(map(line_of, record.notes)),
        first=tuple(first),
        more_first=sum(each.bad for each in problems) - len(first),
        missed=missed[:MOST_MISSED],
        more_missed=len(missed[MOST_MISSED:]),
        do=what_to_do(before, record),
        simulated=record.clock == "simulated",
    )


def _missed(
    record: RunRecord, gates: Sequence[GateLine], before: Before | None
) -> Iterator[Missed]:
    """The figures that keep the run from passing; those of critical scenarios first."""
    for each in gates:
        if each.verdict is not Verdict.PASS and each.blocking:
            group = f" ({each.group})" if each.group else ""
            text = f"{each.why}{group}"
            yield Missed(text=text, scope=each.scope, critical=each.critical, part="gates")
    critical = {each.name for each in record.scenarios if each.critical}
    for moved in regressions_of(before):
        yield Missed(
            text=moved_words(moved),
            scope=moved.scenario,
            critical=moved.scenario in critical,
            part="baseline",
            plain=plain(moved.figure),
            places=moved.places,
            changed=moved.changed,
        )


def _first(problems: Sequence[Problem]) -> list[Problem]:
    """What to look at first: the worst of each scenario, then of each check, then the next worst,
    in the order that they have among all.
    """
    bad = [each for each in problems if each.bad]
    leading: list[int] = []
    scenarios: set[str] = set()
    checks: set[str] = set()
    for at, each in enumerate(bad):
        if not scenarios.issuperset(each.scenarios):
            leading.append(at)
            scenarios.update(each.scenarios)
            checks.add(each.check)
    for at, each in enumerate(bad):
        if at not in leading and each.check not in checks:
            leading.append(at)
            checks.add(each.check)
    rest = (at for at in range(len(bad)) if at not in leading)
    return [bad[at] for at in sorted([*leading, *rest][:MOST_FIRST])]


def why_of(record: RunRecord) -> str:
    """Why the run has its verdict, in a sentence."""
    own = [each for each in record.scenarios if not each.added]
    passed = [each for each in own if each.verdict is Verdict.PASS]
    if record.not_started is not None:
        return f"Nothing could be run: {record.not_started}"
    if record.difference is not None:
        return f"The second run was different: {record.difference}"
    if record.verdict is None:
        return f"The run is {record.status.value} and was not judged."
    if record.verdict is Verdict.PASS:
        gates = sum(len(each.gates) for each in own) + len(record.gates)
        kept = f", with {count(gates, 'gate')} held" if gates else ""
        which = "The scenario" if len(own) == 1 else f"All {len(own)} scenarios"
        if len(passed) < len(own):
            which = f"{len(passed)} of {count(len(own), 'scenario')}"
        return f"{which} passed{kept}."
    first = record.reasons[0] if record.reasons else f"verdict {record.verdict.value}"
    wrong = [each for each in own if each.verdict is not Verdict.PASS and each.blocking]
    if not wrong:
        return _sentence(first)
    return f"{len(wrong)} of {count(len(own), 'scenario')} {fell(wrong)}. {_sentence(first)}"


def _sentence(text: str) -> str:
    text = text.strip()
    if text.partition(" ")[0].isalpha():  # a word, and no name or figure
        text = f"{text[0].upper()}{text[1:]}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Suite", record.suite
    yield "Started", _when(record.started)
    if (took := _took(record)) is not None:
        yield "Took", took
    if record.commit:
        branch = f" on {record.branch}" if record.branch else ""
        yield "Commit", f"{record.commit[:12]}{branch}"
    if record.chosen is not None or record.session is not None:
        yield "Chosen", " / ".join(each for each in (record.chosen, record.session) if each)
    yield "Clock", record.clock
    if record.compared is not None:
        yield "Baseline", record.compared.baseline
    if record.resumed:
        yield "Resumed", count(len(record.resumed), "time")


def _settings(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What makes the run repeatable, and is looked up rather than read."""
    yield "Run", record.run
    yield "Seed", str(record.seed)
    yield "Egress", record.egress
    if record.prices:
        yield "Prices", record.prices
    yield "Digest of the journals", record.digest or "none: not every cell was run to its end"


def _when(moment: str) -> str:
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return moment


def _took(record: RunRecord) -> str | None:
    try:
        begun, ended = (
            datetime.fromisoformat(each or "") for each in (record.started, record.finished)
        )
        return f"{amounts.duration((ended - begun).total_seconds() * 1e9)} of real time"
    except (ValueError, TypeError):
        return None


# Scenarios ---------------------------------------------------------------------------------------


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
        ends=tuple((end.value.replace("_", " "), n) for end, n in scenario.ends.items() if n),
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


# Gates -------------------------------------------------------------------------------------------


def gates_of(record: RunRecord) -> tuple[GateLine, ...]:
    """Every gate; those that did not hold first, by how bad that is."""
    gates = [*record.gates, *(gate for each in record.scenarios for gate in each.gates)]
    critical = {each.name for each in record.scenarios if each.critical}
    lines = [_gate(each, critical=each.scope in critical) for each in gates]

    def place(line: GateLine) -> tuple[bool, bool, int, bool]:
        passed = line.verdict is Verdict.PASS
        worst = WORST.index(line.verdict)
        return passed, not line.critical, worst, not line.blocking

    return tuple(sorted(lines, key=place))


def _gate(gate: GateResult, *, critical: bool) -> GateLine:
    return GateLine(
        gate=line_of(gate.gate),
        group=line_of(gate.group) if gate.group is not None else None,
        scope=gate.scope,
        verdict=gate.verdict,
        blocking=gate.blocking,
        observed=gate.observed,
        low=gate.low,
        high=gate.high,
        op=gate.op,
        limit=gate.limit,
        unit=gate.unit,
        n=gate.n,
        sessions=gate.sessions,
        margin=gate.margin,
        why=line_of(gate.why),
        before=gate.before,
        critical=critical,
    )
