"""What a report says first: the verdict, why, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.gate import Verdict
from evalkit.report.html.before import moved_words, what_to_do
from evalkit.report.html.identity import facts_of, settings_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of
from evalkit.report.html.totals import fell, regressions_of, totals_of
from evalkit.report.html.view import Banner, Before, Cost, GateLine, Missed, Problem
from evalkit.report.html.words import plain
from evalkit.report.live import time_words
from evalkit.report.spend import unpriced_calls
from evalkit.report.words import count
from evalkit.store import RunRecord, Status

MOST_FIRST = 4
"""Problems that the banner begins with."""

MOST_MISSED = 5
"""Gates and figures that the banner names."""

_TITLES = {
    Verdict.PASS: "Passed",
    Verdict.FAIL: "Failed",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NO_DATA: "No data",
    Verdict.ERROR: "Error",
    None: "Not judged",
}


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
        facts=tuple(facts_of(record)),
        settings=tuple(settings_of(record)),
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
