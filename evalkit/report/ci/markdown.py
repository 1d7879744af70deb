"""`summary.md`: a run for the step summaries and merge requests of GitHub, GitLab and others.

Every word that comes from elsewhere (names, reasons, replies) is escaped: nothing in a run can
break a table, mention somebody, load an image, or close the comment that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from evalkit.gate import GateResult, Verdict
from evalkit.gate.baseline import ChangedSession
from evalkit.metrics import format_figure
from evalkit.report.baseline import summary, why
from evalkit.report.closing import interval_of
from evalkit.report.live import time_words
from evalkit.report.words import SYMBOLS, clean, count
from evalkit.store import RunRecord, ScenarioRecord

LONGEST = 60_000
"""Characters: a comment of GitHub's holds 65,536, a step summary a mebibyte."""

LONGEST_TEXT = 300
MOST = 20
"""Rows of a table, and of a list."""

_ORDER = (Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, None, Verdict.PASS)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|~&@:/$]|(?<=www)\.)", re.IGNORECASE)
_WORD = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.NO_DATA: "has no data",
    Verdict.INCONCLUSIVE: "is inconclusive",
    Verdict.ERROR: "could not be judged",
    None: "was not judged",
}


def markdown(record: RunRecord) -> str:
    """The summary of a run, with what failed first."""
    text = "\n".join(_lines(record))
    if len(text) <= LONGEST:
        return text + "\n"
    return f"{text[:LONGEST].rpartition(chr(10))[0]}\n\n… cut: the whole is in the report.\n"


def escaped(text: str, limit: int = LONGEST_TEXT) -> str:
    """Text from elsewhere that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", clean(text, limit)).replace("\\@", "@\u200b")


def code(text: str, limit: int = LONGEST_TEXT) -> str:
    """Text as code, whatever it holds; a bar would end a cell of a table even there."""
    line = clean(text, limit).replace("|", "¦")
    marks = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{marks} {line} {marks}" if len(marks) > 1 else f"`{line}`"


def _lines(record: RunRecord) -> Iterator[str]:
    own = [each for each in record.scenarios if not each.added]
    passed = sum(each.verdict is Verdict.PASS for each in own)
    mark = "·" if record.verdict is None else SYMBOLS[record.verdict]
    yield f"### {mark} evalkit: {escaped(record.suite)} {_WORD[record.verdict]}"
    yield ""
    yield f"{passed} of {count(len(own), 'scenario')} passed{_status(record)}."
    yield ""
    yield from _reasons(record)
    yield from _gates(record)
    yield from _compared(record)
    yield from _scenarios(own, _regressed(record))
    yield from _again(record, own)
    yield ""
    yield _colophon(record)


def _status(record: RunRecord) -> str:
    if record.status.value != "complete":
        return f"; the run is {record.status.value}"
    return "; what got worse against the baseline fails it" if _regressed(record) else ""


def _regressed(record: RunRecord) -> frozenset[str]:
    """The scenarios that got worse, and count."""
    worse = () if record.compared is None else record.compared.counting
    return frozenset(each.scenario for each in worse)


def _reasons(record: RunRecord) -> Iterator[str]:
    for each in record.reasons[:MOST]:
        yield f"- {escaped(each)}"
    if len(record.reasons) > MOST:
        yield f"- and {len(record.reasons) - MOST} more"
    for each in record.notes[:MOST]:
        yield f"- note\\: {escaped(each)}"
    if record.reasons or record.notes:
        yield ""


def _gates(record: RunRecord) -> Iterator[str]:
    gates = [*record.gates, *(gate for each in record.scenarios for gate in each.gates)]
    if not gates:
        return
    critical = {each.name for each in record.scenarios if each.critical}
    ordered = sorted(
        gates,
        key=lambda gate: (
            gate.verdict is Verdict.PASS,
            gate.scope not in critical,
            _ORDER.index(gate.verdict),
            not gate.blocking,
        ),
    )
    yield "| | gate | scenario | figure | interval | n |"
    yield "|---|---|---|---:|---|---:|"
    yield from map(_gate, ordered[:MOST])
    if rest := ordered[MOST:]:
        passed = sum(each.verdict is Verdict.PASS for each in rest)
        yield ""
        yield f"and {count(len(rest), 'more gate')}, of which {passed} passed"
    yield ""


def _gate(gate: GateResult) -> str:
    name = gate.gate if gate.group is None else f"{gate.group}: {gate.gate}"
    warns = "" if gate.blocking else " (warns)"
    figure = format_figure(gate.observed, gate.unit)
    return _row(
        f"{SYMBOLS[gate.verdict]} {gate.verdict.value.replace('_', ' ')}{warns}",
        code(name),
        escaped(gate.scope),
        figure,
        interval_of(gate),
        f"{gate.n:,}",
    )


def _compared(record: RunRecord) -> Iterator[str]:
    compared = record.compared
    if compared is None:
        return
    told = escaped("; ".join(summary(compared)))
    yield f"**Against the baseline** {code(compared.baseline)}: {told}"
    yield ""
    for shift in compared.regressions[:MOST]:
        before, now = (format_figure(each, shift.unit) for each in (shift.before, shift.now))
        blocks = "" if shift in compared.counting else " (does not block)"
        yield (
            f"- {SYMBOLS[Verdict.FAIL]} {escaped(shift.scenario)}: {code(shift.series)} "
            f"{escaped(shift.what)} {before} → {now}, {escaped(why(shift))}{blocks}"
        )
    yield from _changed(compared.changed)
    yield ""


def _changed(changed: Iterable[ChangedSession]) -> Iterator[str]:
    """What sessions did that they had not done, those that differ alike together."""
    alike: dict[tuple[object, ...], list[ChangedSession]] = {}
    for each in changed:
        key = (each.scenario, each.step, each.before, each.now, each.newly_bad)
        alike.setdefault(key, []).append(each)
    for group in list(alike.values())[:MOST]:
        first = group[0]
        more = f" and {count(len(group) - 1, 'more session')}" if len(group) > 1 else ""
        newly = ", newly bad" if first.newly_bad else ""
        yield (
            f"- {code(f'{first.scenario}/{first.session}')}{more}, from step {first.step} on: "
            f"{code(first.before or 'nothing more')} → {code(first.now or 'nothing more')}{newly}"
        )
    if rest := sum(map(len, list(alike.values())[MOST:])):
        yield f"- and {count(rest, 'more session')} that behaved differently"


def _scenarios(own: Iterable[ScenarioRecord], regressed: Collection[str]) -> Iterator[str]:
    yield "| | scenario | sessions | why |"
    yield "|---|---|---:|---|"
    for each in sorted(own, key=_place):
        mark = "·" if each.verdict is None else SYMBOLS[each.verdict]
        word = "not judged" if each.verdict is None else each.verdict.value.replace("_", " ")
        standing = f" ({escaped(each.standing)})" if each.standing else ""
        critical = "**critical** " if each.critical else ""
        reasons = each.reasons
        if each.name in regressed:
            reasons = (*reasons, "got worse against the baseline")
        reason = escaped(reasons[0]) if reasons else ""
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        name = f"{critical}{escaped(each.name)}{standing}"
        yield _row(f"{mark} {word}", name, f"{each.sessions:,}", reason + more)


def _place(scenario: ScenarioRecord) -> tuple[bool, bool, int]:
    """What did not pass comes first, and of it what is critical."""
    passed = scenario.verdict is Verdict.PASS
    return passed, not scenario.critical, _ORDER.index(scenario.verdict)


def _again(record: RunRecord, own: Iterable[ScenarioRecord]) -> Iterator[str]:
    """How to see each failure again."""
    regressed = _regressed(record)
    failed = [
        each
        for each in sorted(own, key=_place)
        if each.verdict is not Verdict.PASS or each.name in regressed
    ]
    if not failed:
        return
    yield ""
    yield "Run what did not pass again:"
    yield ""
    for each in failed[:MOST]:
        compared = record.compared if each.name in regressed else None
        again = record.again(each.name, compared=compared)
        yield f"- {code(again)}"


def _colophon(record: RunRecord) -> str:
    parts = [f"run {code(record.run)}", f"seed {record.seed}"]
    parts += [] if record.commit is None else [f"commit {code(record.commit[:12])}"]
    parts += [] if record.digest is None else [f"digest {code(record.digest)}"]
    return f"<sub>{' · '.join(parts)}. {escaped(time_words(record), 400)}</sub>"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
