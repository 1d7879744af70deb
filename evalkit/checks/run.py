"""Runs checks over a journal. A check that crashes is told as a value, never taken for a pass."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from evalkit.checks.base import Check, Facts
from evalkit.journal.records import Finding
from evalkit.journal.views import JournalView


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A check raised: its outcome is `error`. No session means the world as a whole."""

    check: str
    session: str | None
    traceback: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What checks came to. `findings` are new: those the world made are in the journal already."""

    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()

    def __add__(self, other: Checked) -> Checked:
        return Checked(self.findings + other.findings, self.crashes + other.crashes)


def run_checks(checks: Iterable[Check], view: JournalView, facts: Facts) -> Checked:
    """Every check over every session, then over what belongs to none."""
    checks = tuple(checks)
    results = [
        guarded(check.name, session.id, partial(check.findings, session, facts))
        for session in view.sessions
        for check in checks
    ]
    results += [guarded(check.name, None, partial(check.of_world, view, facts)) for check in checks]
    return Checked(
        tuple(finding for result in results for finding in result.findings),
        tuple(crash for result in results for crash in result.crashes),
    )


def guarded(name: str, session: str | None, find: Callable[[], Iterable[Finding]]) -> Checked:
    """The findings, or the crash that came instead of them."""
    try:
        return Checked(findings=tuple(find()))
    except Exception:
        crash = Crash(check=name, session=session, traceback=traceback.format_exc())
        return Checked(crashes=(crash,))
