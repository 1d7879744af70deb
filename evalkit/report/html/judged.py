"""The verdict and what it rests on: the banner, the scenarios and the gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from evalkit.gate import GateResult, Verdict
from evalkit.report.against import against
from evalkit.report.flow import flow
from evalkit.report.html import amounts
from evalkit.report.html.problems import findings_total
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of, shortened, visible
from evalkit.report.html.view import Banner, Cost, GateLine, Problem, ScenarioLine, Total
from evalkit.report.spend import unpriced_calls
from evalkit.report.words import SIMULATED, count
from evalkit.store import RunRecord, ScenarioRecord, Status

MOST_FIRST = 4
"""Problems that the banner begins with."""

LONGEST_DETAIL = 4_000
"""Characters that are shown of a traceback."""

_WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, None, Verdict.PASS)
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


def banner_of(stored: Stored, problems: Sequence[Problem], cost: Cost) -> Banner:
    """What is said first."""
    record = stored.record
    resumes = record.status is not Status.COMPLETE
    return Banner(
        verdict=record.verdict,
        title=_TITLES[record.verdict],
        why=line_of(why_of(record), 600),
        suite=record.suite,
        run=record.run,
        status=record.status.value,
        facts=tuple(_facts(record)),
        totals=tuple(_totals(stored, cost)),
        clock=SIMULATED if record.clock == "simulated" else None,
        command=record.command,
        go_on=f"evalkit run --resume {record.run}" if resumes else None,
        warnings=tuple(map(line_of, (*record.warnings, *unpriced_calls(record)))),
        notes=tuple(map(line_of, record.notes)),
        first=tuple(_first(problems)),
    )


def _first(problems: Sequence[Problem]) -> list[Problem]:
    """What to look at first: the worst of each check, then the next worst."""
    bad = [each for each in problems if each.bad]
    leading = list({each.check: each for each in reversed(bad)}.values())[::-1]
    return [*leading, *(each for each in bad if each not in leading)][:MOST_FIRST]


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
    return f"{len(wrong)} of {count(len(own), 'scenario')} did not pass. {_sentence(first)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Suite", record.suite
    yield "Started", _when(record.started)
    if (took := _took(record)) is not None:
        yield "Took", took
    if record.commit:
        branch = f" on {record.branch}" if record.branch else ""
        yield "Commit", f"{record.commit[:12]}{branch}"
    yield "Seed", str(record.seed)
    if record.chosen is not None or record.session is not None:
        yield "Chosen", " / ".join(each for each in (record.chosen, record.session) if each)
    yield "Clock", record.clock
    yield "Egress", record.egress
    if record.prices:
        yield "Prices", record.prices
    yield "Digest", record.digest or "none: not every cell was run to its end"
    if record.resumed:
        yield "Resumed", count(len(record.resumed), "time")


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


def _totals(stored: Stored, cost: Cost) -> Iterator[Total]:
    record = stored.record
    own = [each for each in record.scenarios if not each.added]
    passed = sum(each.verdict is Verdict.PASS for each in own)
    yield Total(
        label="scenarios passed", figure=str(passed), of=f"of {len(own)}", bad=passed < len(own)
    )
    gates = [*record.gates, *(gate for each in own for gate in each.gates)]
    held = sum(each.verdict is Verdict.PASS for each in gates)
    if gates:
        yield Total(
            label="gates held", figure=str(held), of=f"of {len(gates)}", bad=held < len(gates)
        )
    planned = sum(each.sessions for each in record.scenarios)
    ran = len(stored.keys)
    yield Total(label="sessions", figure=f"{ran:,}", of="" if ran == planned else f"of {planned:,}")
    found = findings_total(stored)
    bad = sum(
        check.findings
        for each in own
        for check in each.checks
        if check.severity == "violation" and not check.allowed
    )
    yield Total(label="violations", figure=f"{bad:,}", bad=bad > 0)
    if found > bad:
        yield Total(label="other findings", figure=f"{found - bad:,}")
    yield Total(label="calls", figure=f"{len(stored.calls.labels('service').codes):,}")
    if cost.total or cost.unpriced:
        unknown = f"+ {cost.unpriced:,} unpriced" if cost.unpriced else ""
        yield Total(label="model cost", figure=amounts.money(cost.total), of=unknown)


# Scenarios ---------------------------------------------------------------------------------------


def scenarios_of(stored: Stored) -> tuple[ScenarioLine, ...]:
    """A line per scenario: what failed first, controls last."""
    return tuple(
        _scenario(stored, each)
        for each in sorted(
            stored.record.scenarios,
            key=lambda each: (
                each.added,
                each.verdict is Verdict.PASS,
                not each.critical,
                _WORST.index(each.verdict),
            ),
        )
    )


def _scenario(stored: Stored, scenario: ScenarioRecord) -> ScenarioLine:
    compared = against(stored.run, scenario) if len(stored.keys) <= 20_000 else None
    warnings = {each.why for each in scenario.gates}
    notes = [*scenario.notes, *(each for each in scenario.warnings if each not in warnings)]
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
        notes=tuple(line_of(each) for each in (*notes, *([compared] if compared else []))[:6]),
        problems=tuple(
            (
                line_of(f"cell {each.cell}: {each.what}"),
                shortened(visible(each.detail), LONGEST_DETAIL),
            )
            for each in scenario.problems[:5]
        ),
    )


def _found(scenario: ScenarioRecord, severity: str) -> int:
    return sum(each.findings for each in scenario.checks if each.severity == severity)


# Gates -------------------------------------------------------------------------------------------


def gates_of(record: RunRecord) -> tuple[GateLine, ...]:
    """Every gate; those that did not hold first, by how bad that is."""
    gates = [*record.gates, *(gate for each in record.scenarios for gate in each.gates)]
    lines = [_gate(each) for each in gates]
    critical = {each.name for each in record.scenarios if each.critical}

    def place(line: GateLine) -> tuple[bool, bool, int, bool]:
        passed = line.verdict is Verdict.PASS
        worst = _WORST.index(line.verdict)
        return passed, line.scope not in critical, worst, not line.blocking

    return tuple(sorted(lines, key=place))


def _gate(gate: GateResult) -> GateLine:
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
    )
