"""Finds the call that is to be explained in a stored run, and prints what there is to say of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeAlias

from pydantic import ValidationError

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.journal.views import CallView, JournalView, SessionView
from evalkit.report.choosing import Chosen, check_scenario, chosen_call
from evalkit.report.explain import Explained, explanation, headline, unmatched_lines
from evalkit.report.lines import line, print_lines, width_of, wrapped
from evalkit.report.words import call_name, clean, count, numbered
from evalkit.store import Run
from evalkit.suite.model import FaultRule

Define: TypeAlias = Callable[[str, CallView], Sequence[str]]
"""What the definition of its service makes of a call of a scenario, in sentences."""

_MOST = 40


def nothing_more(scenario: str, call: CallView) -> Sequence[str]:
    """No word about definitions."""
    del scenario, call
    return ()


def explained_call(
    run: Run,
    name: str,
    *,
    scenario: str | None = None,
    cell: int | None = None,
    define: Define = nothing_more,
) -> Explained:
    """The call of this name, and what explains it. `cell` tells calls of no session apart.

    Raises `UsageError` where there is no such call, with those that there are.
    """
    chosen = chosen_call(run, name, scenario)
    if chosen.session is None:
        return _of_nobody(run, chosen, cell, define)
    records = run.records(chosen.scenario, session=chosen.session)
    sessions = JournalView.of(records).sessions
    if not sessions:
        raise UsageError(f"{chosen.session} was never started, so it made no call")
    return _of_session(run, chosen, sessions[0], define)


def _of_session(run: Run, chosen: Chosen, session: SessionView, define: Define) -> Explained:
    call = _numbered(chosen, session.calls)
    about = f"call #{call.logical}: "
    return Explained(
        scenario=chosen.scenario,
        session=session.id,
        call=call,
        calls=session.calls,
        began=session.started.at,
        rules=_rules(run, chosen.scenario),
        missed=[each for each in session.missed if each.reason.startswith(about)],
        findings=session.findings,
        definition=define(chosen.scenario, call),
    )


def _of_nobody(run: Run, chosen: Chosen, cell: int | None, define: Define) -> Explained:
    """A call that belongs to no session: numbered within its cell."""
    found: dict[int, JournalView] = {}
    for index in range(run.record.scenario(chosen.scenario).cells):
        if cell in (None, index):
            view = JournalView.of(run.cell_records(CellKey(chosen.scenario, index)))
            if any(each.call == chosen.call for each in view.unattributed):
                found[index] = view
    if not found:
        raise UsageError(f"{chosen.scenario} has no call #{chosen.call} that belongs to no session")
    if len(found) > 1:
        hint = f"choose one with --cell: {', '.join(map(str, found))}"
        raise UsageError(f"{len(found)} cells have such a call #{chosen.call}", hint=hint)
    (view,) = found.values()
    call = _numbered(chosen, view.unattributed)
    return Explained(
        scenario=chosen.scenario,
        session=None,
        call=call,
        calls=view.unattributed,
        began=0,
        rules=_rules(run, chosen.scenario),
        findings=view.findings,
        definition=define(chosen.scenario, call),
    )


def _numbered(chosen: Chosen, calls: Sequence[CallView]) -> CallView:
    found = next((each for each in calls if each.call == chosen.call), None)
    if found is not None:
        return found
    name = clean(chosen.session or "")
    if not calls:
        raise UsageError(f"{name} in {chosen.scenario} made no call")
    shown = numbered(each.call for each in calls[:_MOST])
    more = f" and {len(calls) - _MOST} more" if len(calls) > _MOST else ""
    raise UsageError(
        f"{name} in {chosen.scenario} has no call #{chosen.call}",
        hint=f"it made {count(len(calls), 'call')}: {shown}{more}",
    )


def _rules(run: Run, scenario: str) -> tuple[FaultRule, ...] | None:
    """The rules that the run was made with; None where it does not hold them."""
    record = run.record.scenario(scenario)
    if record.faulty and not record.rules:
        return None
    try:
        return tuple(map(FaultRule.model_validate, record.rules))
    except ValidationError:  # rules of another version
        return None


def print_explanation(explained: Explained, run: Run, stream: TextIO) -> None:
    """Print what is known of a call."""
    width = width_of(stream)
    print_lines(stream, [line(f"{clean(explained.name)} · {run.id}")])
    print_lines(stream, wrapped(headline(explained), width, "bold"))
    print_lines(stream, explanation(explained, width))
    if explained.session is not None:
        whose = shlex.quote(f"{explained.scenario}/{explained.session}")
        again = clean(f"evalkit show {run.id} {whose}")
        print_lines(stream, [line(""), line(f"what its session did: {again}")])


def print_unmatched(run: Run, stream: TextIO, *, scenario: str | None = None) -> None:
    """Print the requests that no route or rule answered, in a scenario or in all."""
    if scenario is not None:
        check_scenario(run, scenario)
    unmatched = list(_unmatched(run, scenario))
    if not unmatched:
        print_lines(stream, [line(f"{run.id}: a route or rule answered every request")])
        print_lines(stream, [line("to explain a call, name it: " + _example(run))])
        return
    title = f"{run.id}: {count(len(unmatched), 'request')} that no route or rule answered"
    print_lines(stream, [line(title, "bold"), *unmatched_lines(unmatched, width_of(stream))])
    print_lines(stream, [line(""), line(f"to see all of a call: evalkit explain {run.id} CALL")])


def _unmatched(run: Run, scenario: str | None) -> Iterator[tuple[str, CallView]]:
    for each in run.record.scenarios:
        if scenario not in (None, each.name):
            continue
        for index in range(each.cells):
            view = JournalView.of(run.cell_records(CellKey(each.name, index)))
            calls = (*view.unattributed, *(call for own in view.sessions for call in own.calls))
            yield from (
                (each.name, call)
                for call in calls
                if call.ended is not None and call.ended.complaint
            )


def _example(run: Run) -> str:
    rows = run.session_rows()
    row = next((each for each in rows if each["calls"]), None)
    name = "SESSION#1" if row is None else call_name(row["session"], 1, row["scenario"])
    return f"evalkit explain {run.id} {clean(name)}"
