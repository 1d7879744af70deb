"""Which session or call of a run is meant by a name: `SESSION`, `SCENARIO/SESSION`, `SESSION#3`.

The call of no session is named `SCENARIO/#3`. An id may hold any sign, so what is written is first
taken for an id as a whole, and only then taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.errors import UsageError
from evalkit.report.words import clean
from evalkit.store import Run
from evalkit.suite.problems import closest

_NUMBERED = re.compile(r"(.*)#([0-9]{1,9})", re.DOTALL)
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A session, or a call of it, or the call of no session."""

    scenario: str
    session: str | None
    call: int | None = None


def chosen_session(run: Run, name: str, scenario: str | None = None) -> Chosen:
    """The session of this name; `scenario` says in which, if several have it.

    Raises `UsageError` with what there is where it is not there, or in several scenarios.
    """
    known = _sessions(run)
    if scenario is not None:
        check_scenario(run, scenario)
    if name not in known and "/" in name:
        within, _, rest = name.partition("/")
        if rest in known:
            check_scenario(run, within)
        if within in {each.name for each in run.record.scenarios}:
            scenario, name = within, rest
    if name not in known:
        raise _no_session(name, known, run)
    return Chosen(scenario=_scenario(run, name, known[name], scenario), session=name)


def chosen_call(run: Run, name: str, scenario: str | None = None) -> Chosen:
    """The call of this name, if its session is there. Raises `UsageError` where it is not."""
    found = _NUMBERED.fullmatch(name)
    if found is None:
        hint = (
            "a call is named by its session and its number, like s-003#4; "
            "`evalkit show RUN SESSION` lists them"
        )
        raise UsageError(f"{name!r} names no call", hint=hint)
    session, number = found[1], int(found[2])
    within = session.removesuffix("/")
    if session.endswith("/") or not session:
        return Chosen(scenario=_of_nobody(run, within or scenario), session=None, call=number)
    chosen = chosen_session(run, session, scenario)
    return Chosen(scenario=chosen.scenario, session=chosen.session, call=number)


def check_scenario(run: Run, scenario: str) -> None:
    """Raises `UsageError` with the scenarios that there are, if this is none of them."""
    names = [each.name for each in run.record.scenarios]
    if scenario not in names:
        meant = closest(scenario, names)
        hint = None if meant is None else f"did you mean {meant}?"
        message = f"no scenario {scenario!r} in {run.id}; there are: {', '.join(names)}"
        raise UsageError(message, hint=hint)


def _sessions(run: Run) -> dict[str, list[str]]:
    """The sessions of a run, each with its scenarios."""
    known: dict[str, list[str]] = {}
    for row in run.session_rows():
        known.setdefault(str(row["session"]), []).append(str(row["scenario"]))
    return known


def _scenario(run: Run, session: str, there: list[str], scenario: str | None) -> str:
    if scenario is not None:
        if scenario not in there:
            where = ", ".join(there)
            raise UsageError(f"{session} is not in scenario {scenario!r}; it is in: {where}")
        return scenario
    there = [each for each in there if each not in run.record.added] or there
    there = [each for each in there if each not in run.record.added] or there
    if len(there) > 1:
        names = ", ".join(there)
        hint = (
            f"choose one with --scenario, or write {there[0]}/{clean(session)}; it is in: {names}"
        )
        raise UsageError(f"{session} is in {len(there)} scenarios of {run.id}", hint=hint)
    return there[0]


def _of_nobody(run: Run, scenario: str | None) -> str:
    if scenario is None:
        first = run.record.scenarios[0].name if run.record.scenarios else "SCENARIO"
        hint = f"name its scenario too, like {first}/#3"
        raise UsageError("a call of no session is numbered within its scenario", hint=hint)
    check_scenario(run, scenario)
    return scenario


def _no_session(session: str, known: Iterable[str], run: Run) -> UsageError:
    names = list(known)
    meant = closest(session, names)
    shown = ", ".join(map(clean, names[:_SHOWN]))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    hint = f"did you mean {clean(meant)}?" if meant else None
    hint = hint or (f"sessions there: {shown}{more}" if names else None)
    return UsageError(f"no session {session!r} in {run.id}", hint=hint)
