"""The gates of a run, as a report tells of them."""

from __future__ import annotations

from evalkit.gate import GateResult, Verdict
from evalkit.report.html.problems import WORST
from evalkit.report.html.texts import line_of
from evalkit.report.html.view import GateLine
from evalkit.store import RunRecord


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
