"""A run against its baseline: what got worse, what got better, who behaves differently."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

from evalkit.gate import Verdict
from evalkit.gate.baseline import ChangedSession, Compared, Shift
from evalkit.journal.records import End
from evalkit.report.baseline import summary, why
from evalkit.report.html import amounts
from evalkit.report.html.texts import line_of
from evalkit.report.html.view import Before, Change, Moved, Place
from evalkit.store import RunRecord

MOST_CHANGES = 30
"""Kinds of change that are shown, and series of each direction."""

MOST_PLACES = 4
"""Sessions that are named of each kind."""

SAME_JOURNALS = "the journals are the same to the byte"

_ENDS = frozenset(each.value for each in End)


def before_of(record: RunRecord) -> Before | None:
    """What holding a run against a baseline came to; None where that was not done."""
    if (compared := record.compared) is None:
        return None
    return Before(
        baseline=compared.baseline,
        verdict=compared.verdict,
        summary="; ".join(summary(compared)),
        worse=tuple(_moved(each, compared) for each in _critical_first(record, compared)),
        better=tuple(_moved(each, compared) for each in compared.improvements[:MOST_CHANGES]),
        changes=tuple(_changes(compared))[:MOST_CHANGES],
        new=tuple(map(line_of, compared.new[:MOST_CHANGES])),
        gone=tuple(map(line_of, compared.vanished[:MOST_CHANGES])),
        notes=tuple(line_of(each) for each in _notes(compared)),
    )


def _notes(compared: Compared) -> Iterator[str]:
    """What is noted; that nothing changed only where nothing did."""
    for each in compared.notes:
        if not (compared.changed and each == SAME_JOURNALS):
            yield each


def moved_words(moved: Moved) -> str:
    """A figure before and now, and how much that is."""
    was, now = (amounts.amount(each, moved.unit) for each in (moved.before, moved.now))
    far = amounts.relative(moved.before, moved.now, moved.unit)
    far = far or amounts.change(moved.before, moved.now, moved.unit)
    return f"{moved.figure}: {was} before, {now} now ({far})"


def what_to_do(before: Before | None, record: RunRecord) -> str | None:
    """What is to be done about a run that fails by its baseline."""
    compared = record.compared
    if before is None or compared is None or before.verdict is not Verdict.FAIL:
        return None
    if compared.revision is not None:
        return (
            f"`git diff {compared.revision}` shows what changed since; "
            "if the change is meant, say so in its review"
        )
    known = shlex.quote(compared.file or compared.baseline)
    to = f" --to {known}" if compared.file else ""
    look = f"`evalkit compare {known} {record.run}` says what moved"
    if any(each.blocking and each.verdict is not Verdict.PASS for each in record.scenarios):
        return look  # what fails by itself is no baseline for others
    return f"{look}; if the change is meant, `evalkit baseline accept {record.run}{to}`"


def _critical_first(record: RunRecord, compared: Compared) -> list[Shift]:
    critical = {each.name for each in record.scenarios if each.critical}
    return sorted(
        compared.regressions,
        key=lambda each: (each.scenario in compared.excused, each.scenario not in critical),
    )[:MOST_CHANGES]


def _moved(shift: Shift, compared: Compared) -> Moved:
    return Moved(
        scenario=shift.scenario,
        figure=shift.series if shift.what == "rate" else f"{shift.what}({shift.series})",
        unit=shift.unit,
        before=shift.before,
        now=shift.now,
        counts=shift.scenario not in compared.excused,
        why=why(shift),
    )


def _changes(compared: Compared) -> Iterator[Change]:
    """Sessions whose first difference is the same, together; what makes most of them bad first."""
    alike: dict[tuple[str, str | None, str | None], list[ChangedSession]] = defaultdict(list)
    for each in compared.changed:
        alike[each.scenario, each.before, each.now].append(each)
    found = [
        Change(
            scenario=scenario,
            before=_step(before),
            now=_step(now),
            sessions=len(own),
            bad=sum(each.newly_bad for each in own),
            places=tuple(Place(scenario=scenario, session=each.session) for each in own)[
                :MOST_PLACES
            ],
        )
        for (scenario, before, now), own in alike.items()
    ]
    yield from sorted(found, key=lambda each: (-each.bad, -each.sessions))


def _step(text: str | None) -> str:
    """A step of a session, or its end, in words."""
    if text is None:
        return "the session did nothing more"
    return f"the session ended: {text.replace('_', ' ')}" if text in _ENDS else line_of(text)
