"""The few figures at the top of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.gate import Verdict
from evalkit.report.html import amounts
from evalkit.report.html.problems import findings_total
from evalkit.report.html.reading import Stored, value
from evalkit.report.html.view import Before, Cost, Moved, Total
from evalkit.store import ScenarioRecord


def totals_of(stored: Stored, cost: Cost, before: Before | None) -> Iterator[Total]:
    """The figures at the top: what fails the run, and how large it is."""
    record = stored.record
    own = [each for each in record.scenarios if not each.added]
    yield _scenarios_total(own)
    if worse := regressions_of(before):
        label = "worse than the baseline"
        of = "figure" if len(worse) == 1 else "figures"
        yield Total(label=label, figure=str(len(worse)), of=of, bad=True)
    gates = [*record.gates, *(gate for each in own for gate in each.gates)]
    if gates:
        lost = sum(each.verdict is not Verdict.PASS for each in gates)
        yield Total(
            label="gates did not hold" if lost else "gates held",
            figure=str(lost or len(gates)),
            of=f"of {len(gates)}",
            bad=lost > 0,
        )
    yield _sessions_total(stored)
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


def _scenarios_total(own: Sequence[ScenarioRecord]) -> Total:
    """How many passed if all that count did, and else how many did not."""
    wrong = [each for each in own if each.verdict is not Verdict.PASS and each.blocking]
    if wrong:
        label = f"scenarios {fell(wrong)}"
        return Total(label=label, figure=str(len(wrong)), of=f"of {len(own)}", bad=True)
    passed = sum(each.verdict is Verdict.PASS for each in own)
    return Total(label="scenarios passed", figure=str(passed), of=f"of {len(own)}")


def _sessions_total(stored: Stored) -> Total:
    """How many sessions of the suite had nothing wrong, of those that ran; controls are no part of
    it. One that completed with a violation is none of them.
    """
    own = [key for key in stored.keys if key[0] not in stored.record.added]
    good = sum(value(stored.sessions, "good", stored.rows[key]) is True for key in own)
    planned = sum(each.sessions for each in stored.record.scenarios if not each.added)
    ran = len(own)
    of = f"of {ran:,}" if ran == planned else f"of {ran:,} begun, {planned:,} planned"
    return Total(label="good sessions", figure=f"{good:,}", of=of)


def fell(wrong: Sequence[ScenarioRecord]) -> str:
    """What scenarios did that did not pass."""
    return "failed" if all(each.verdict is Verdict.FAIL for each in wrong) else "did not pass"


def regressions_of(before: Before | None) -> list[Moved]:
    """The figures that are worse than in the baseline, and count."""
    return [] if before is None else [each for each in before.worse if each.counts]
