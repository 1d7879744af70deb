"""What a run ends with on the terminal: per scenario its sessions, gates and troubles.

A pure function of the stored run and the width. Colour only repeats what words say, so nothing is
lost without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from evalkit.gate import GateResult, Verdict
from evalkit.metrics import format_figure
from evalkit.report.against import against
from evalkit.report.baseline import compared_brief
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.live import live_words, time_words
from evalkit.report.spend import cost_of, priced_by, unpriced_calls
from evalkit.report.trouble import Trouble, troubles_of
from evalkit.report.words import call_names, clean, count, style_of, worded
from evalkit.store import Run, RunRecord, ScenarioRecord, Status

MOST_TROUBLES = 5
"""Kinds of trouble that are shown of a scenario."""

LONGEST_DETAIL = 12
"""Lines that are shown of a traceback."""

_WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, None, Verdict.PASS)
_GATE_COLUMNS = (
    Column("gate"),
    Column("", wraps=True),
    Column("figure", right=True),
    Column("interval"),
    Column("n", right=True),
)


def print_closing(run: Run, stream: TextIO) -> None:
    """Print the closing report of a run."""
    print_lines(stream, closing(run, width_of(stream)))


def closing(run: Run, width: int) -> Iterator[Line]:
    """The lines of the closing report; what failed comes first."""
    yield line("")
    record = run.record
    if record.gates:
        yield line("gates of the suite, over the scenarios that inject nothing")
        yield from gate_lines(record.gates, width)
        yield line("")
    for scenario in sorted(record.scenarios, key=_place):
        yield from scenario_lines(run, scenario, width)
        yield line("")
    if record.compared is not None:
        yield line(f"against the baseline {clean(record.compared.baseline)}", "bold")
        yield from compared_brief(record.compared, width)
        yield line("")
    yield from _verdict(record, width)
    yield from _where(run, width)


def _place(scenario: ScenarioRecord) -> tuple[bool, bool, bool, int]:
    """What did not pass comes first, of it what is critical, and controls come last."""
    passed = scenario.verdict is Verdict.PASS
    return scenario.added, passed, not scenario.critical, _WORST.index(scenario.verdict)


def scenario_lines(run: Run, scenario: ScenarioRecord, width: int) -> Iterator[Line]:
    """A scenario's verdict, counts, gates and troubles."""
    if scenario.added:
        yield from _control_lines(run, scenario, width)
        return
    standing = f"  ({clean(scenario.standing)})" if scenario.standing else ""
    critical = "critical " if scenario.critical else ""
    verdict = Span(worded(scenario.verdict), style_of(scenario.verdict))
    yield (verdict, Span(f"  {critical}{clean(scenario.name)}{standing}"))
    if _was_not_reached(run, scenario):
        yield line(f"{count(scenario.sessions, 'session')} · not run", by=2)
        return
    yield line(" · ".join(_counts(run, scenario)), by=2)
    live = live_words(scenario)
    for text in (*_own_reasons(scenario), *scenario.notes, live, against(run, scenario)):
        yield from () if text is None else wrapped(clean(text), width, by=2)
    yield from _warned(scenario.warnings, scenario.gates, width)
    if scenario.gates:
        yield from gate_lines(scenario.gates, width)
    yield from _problems(scenario, width)
    yield from _troubles(run, scenario, width)


def _control_lines(run: Run, scenario: ScenarioRecord, width: int) -> Iterator[Line]:
    """What there is to say of a control: that it ran, and what it is for."""
    of = [each.name for each in run.record.scenarios if each.control == scenario.name]
    yield (Span("· control", "dim"), Span(f"  {clean(scenario.name)}"))
    text = f"the sessions of {', '.join(of)} without faults; judged by nothing"
    yield from wrapped(clean(text), width, by=2)
    yield line(" · ".join(_counts(run, scenario)), by=2)
    yield from _problems(scenario, width)


def _warned(warnings: Iterable[str], gates: Iterable[GateResult], width: int) -> Iterator[Line]:
    """What somebody should look at, but for what stands below a gate."""
    told = {each.why for each in gates}
    for each in warnings:
        if each not in told:
            yield from wrapped(f"! {clean(each)}", width, "yellow", by=2)


def _problems(scenario: ScenarioRecord, width: int) -> Iterator[Line]:
    """The cells that could not be run to their end."""
    for problem in scenario.problems:
        yield from wrapped(f"! {clean(problem.what)}", width, "bold magenta", by=2)
        for text in problem.detail.rstrip().splitlines()[-LONGEST_DETAIL:]:
            yield line(text.expandtabs(4), "dim", by=6)


def _troubles(run: Run, scenario: ScenarioRecord, width: int) -> Iterator[Line]:
    troubles = troubles_of(run, scenario.name)
    named: set[str | None] = set()
    for trouble in troubles[:MOST_TROUBLES]:
        yield from _trouble(trouble, width)
        if trouble.bad and trouble.session not in {None, *named}:
            yield line(_again(run.record, scenario.name, trouble.session), "bold", by=6)
            named.add(trouble.session)
    if len(troubles) > MOST_TROUBLES:
        more = count(len(troubles) - MOST_TROUBLES, "more kind", "more kinds")
        yield line(f"and {more} of trouble: evalkit show {run.id}", by=2)


def _was_not_reached(run: Run, scenario: ScenarioRecord) -> bool:
    """Whether the run was over before the scenario's turn: what it lacks then says nothing."""
    whole = run.record.status is Status.COMPLETE
    begun = scenario.problems or scenario.cut_off or run.session_rows(scenario.name)
    return not whole and not begun


def _own_reasons(scenario: ScenarioRecord) -> Iterator[str]:
    """The reasons that nothing else of what is shown tells."""
    told = {each.why for each in scenario.gates} | {
        f"cell {each.cell}: {each.what}" for each in scenario.problems
    }
    checks = tuple(f"{each.check}: " for each in scenario.checks)
    return (
        each
        for each in scenario.reasons
        if each not in told and not each.startswith(checks or "\0")
    )


def _counts(run: Run, scenario: ScenarioRecord) -> Iterator[str]:
    yield count(scenario.sessions, "session")
    for what, number in scenario.counted:
        yield f"{number:,} {what}"
    for severity, one, many in (
        ("violation", "violation", "violations"),
        ("advice", "piece of advice", "pieces of advice"),
    ):
        found = sum(each.findings for each in scenario.checks if each.severity == severity)
        if found:
            yield count(found, one, many)
    cost = cost_of(run, scenario.name)
    yield from () if cost is None else (cost,)


def gate_lines(gates: Iterable[GateResult], width: int) -> list[Line]:
    """Gates with their figures, as a table."""
    rows = [
        (
            Span(worded(gate.verdict), style_of(gate.verdict) if gate.blocking else "yellow"),
            Span("\n".join(_gate(gate))),
            Span(format_figure(gate.observed, gate.unit)),
            Span(interval_of(gate)),
            Span(f"{gate.n:,}"),
        )
        for gate in gates
    ]
    return table(_GATE_COLUMNS, rows, width, by=2)


def _gate(gate: GateResult) -> Iterator[str]:
    """The gate, for what of it is judged apart, and why it did not pass."""
    yield gate.gate if gate.group is None else f"{clean(gate.group)}: {gate.gate}"
    if gate.verdict is not Verdict.PASS:
        yield clean(gate.why)


def interval_of(gate: GateResult) -> str:
    """The interval of a gate's figure; empty where there is none."""
    if gate.low is None and gate.high is None:
        return ""
    low, high = (
        "…" if each is None else format_figure(each, gate.unit) for each in (gate.low, gate.high)
    )
    return f"[{low}, {high}]"


def _again(record: RunRecord, scenario: str, session: str | None) -> str:
    fidelity = record.scenario(scenario).fidelity
    if session is not None and fidelity is not None and fidelity.load is not None:
        session = session.rpartition("~")[0] or session  # under load one comes as `ID~N`
    return clean(record.again(scenario, session))


def _trouble(trouble: Trouble, width: int) -> Iterator[Line]:
    mark, style = ("✗", "red") if trouble.bad else ("·", "yellow")
    message = f": {clean(trouble.message)}" if trouble.message else ""
    times = f", {trouble.count:,} times" if trouble.count > 1 else ""
    yield from wrapped(f"{mark} {trouble.label}{times}{message}", width, style, by=2)
    if trouble.hint:
        yield from wrapped(f"hint: {clean(trouble.hint)}", width, by=6)
    if trouble.session is None:
        return
    turn = f", turn {trouble.turn}" if trouble.turn is not None else ""
    calls = call_names(trouble.calls, trouble.session) if trouble.calls else None
    first = "first in" if trouble.count > 1 else "in"
    yield line(f"{first} {clean(calls or f'session {trouble.session}')}{turn}", by=6)


def _verdict(record: RunRecord, width: int) -> Iterator[Line]:
    own = [each for each in record.scenarios if not each.added]
    passed = sum(each.verdict is Verdict.PASS for each in own)
    scenarios = f"{passed} of {count(len(own), 'scenario')} passed"
    how = "" if record.status is Status.COMPLETE else f", {record.status.value}"
    verdict = Span(worded(record.verdict), style_of(record.verdict))
    yield (verdict, Span(f"  {record.suite}: {scenarios}{how}"))
    told = tuple(f"{each.name}: " for each in record.scenarios)
    gates = {each.why for each in record.gates}
    for reason in record.reasons:
        if reason not in gates and not reason.startswith(told):
            yield from wrapped(clean(reason), width, by=2)
    yield from _warned((*record.warnings, *unpriced_calls(record)), record.gates, width)
    for note in record.notes:
        yield from wrapped(clean(note), width, by=2)


def _where(run: Run, width: int) -> Iterator[Line]:
    record = run.record
    if record.digest is not None and not record.live:
        yield line(f"digest  {record.digest}", by=2)
    yield line(f"run     {run.folder}", by=2)
    if record.status is Status.INTERRUPTED:
        yield line(f"go on   evalkit run --resume {run.folder}", by=2)
    yield line(f"again   {record.command}", by=2)
    if (prices := priced_by(record)) is not None:
        yield line(f"prices  {clean(prices)}", by=2)
    yield from wrapped(time_words(record), width, "dim", by=2)
