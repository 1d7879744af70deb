"""The comment on a pull request: one for all suites, made anew from the records of their runs.

The records may come from anybody who opens a pull request. All that they say is escaped as in
`evalkit.report.ci.markdown`, and what cannot be read or shown is said to be so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from evalkit.gate import Verdict
from evalkit.report.ci.markdown import LONGEST, code, markdown
from evalkit.report.words import SYMBOLS, count
from evalkit.store import RunRecord
from evalkit.store.foreign import Unreadable

MARKER = "<!-- evalkit -->"
"""What the comment begins with, by which it is found again."""

SUCCESS = "success"
_ORDER = (None, Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, Verdict.PASS)

Told: TypeAlias = "tuple[Verdict | None, str]"


def comment(
    records: Sequence[RunRecord | Unreadable],
    *,
    commit: str | None = None,
    conclusion: str | None = None,
) -> str:
    """The Markdown of the comment. `commit` is the one that was tested, and `conclusion` how the
    check ended, both as they are known from elsewhere than the records.
    """
    told = sorted(map(_told, records), key=lambda each: _ORDER.index(each[0]))
    head = "\n".join(_head(told, commit, conclusion))
    room = LONGEST - len(head) - 200
    parts, left_out = [], 0
    for _, text in told:
        if len(text) <= room:
            parts.append(text)
            room -= len(text) + 2
        else:
            left_out += 1
    if left_out:
        parts.append(f"… {count(left_out, 'more suite')} left out: they are in the report.\n")
    return "\n\n".join((head, *parts))


def _told(record: RunRecord | Unreadable) -> Told:
    """What there is to say of a run, and its verdict; None where there is none to be had."""
    if isinstance(record, Unreadable):
        return None, f"- A run could not be read: {record.why}.\n"
    try:
        return record.verdict, markdown(record)
    except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError):
        return None, "- A run could not be shown: its record holds what no run comes to.\n"


def _head(told: Sequence[Told], commit: str | None, conclusion: str | None) -> list[str]:
    passed = sum(verdict is Verdict.PASS for verdict, _ in told)
    good = bool(told) and passed == len(told) and conclusion in (None, SUCCESS)
    mark = SYMBOLS[Verdict.PASS if good else Verdict.FAIL]
    what = f"{passed} of {count(len(told), 'suite')} passed"
    if told and passed == len(told) and not good:
        what = "the check did not pass"
    lines = [MARKER, f"## {mark} evalkit: {what}"]
    if commit is not None:
        lines += ["", f"For commit {code(commit, 40)}."]
    if conclusion not in (None, SUCCESS):
        # The record is the pull request's word; how its check ended is not.
        lines += ["", f"The check ended as {code(conclusion or '', 40)}, and that is what counts."]
    return lines
