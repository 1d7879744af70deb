"""`evalkit show`: a stored run, or one session of it, for reading."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from evalkit.journal.views import JournalView, SessionView
from evalkit.report.against import against
from evalkit.report.choosing import check_scenario, chosen_session
from evalkit.report.closing import closing, scenario_lines
from evalkit.report.lines import Line, line, print_lines, width_of
from evalkit.report.spend import cost_of_session
from evalkit.report.timeline import Entry, Tone, timeline
from evalkit.report.words import call_name, clean, count, seconds, worded
from evalkit.store import Run

MOST_SESSIONS = 20
"""Sessions that went wrong that are listed of a scenario, unless it is asked for alone."""

SOME_SESSIONS = 3
"""The others that are listed of it."""

_STYLES: dict[Tone, str] = {
    "plain": "",
    "strong": "bold",
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "dim": "dim",
}
_CLOCK = 11
"""Columns for the time: `12345.678 s`."""


def print_run(run: Run, stream: TextIO, *, scenario: str | None = None) -> None:
    """Print a run: its sessions, those that went wrong first, and what it came to."""
    if scenario is not None:
        check_scenario(run, scenario)
    width = width_of(stream)
    print_lines(stream, run_lines(run, scenario))
    if scenario is None:
        print_lines(stream, closing(run, width))
    else:
        print_lines(stream, [line(""), *scenario_lines(run, run.record.scenario(scenario), width)])


def run_lines(run: Run, scenario: str | None = None) -> Iterator[Line]:
    """What ran, and the sessions of its scenarios, or of one of them."""
    record = run.record
    yield line(f"{record.run} · {record.status.value} · started {record.started}")
    agent = "" if record.agent is None else f" · agent {clean(record.agent)}"
    yield line(f"evalkit {record.versions.get('evalkit', '?')} · seed {record.seed}{agent}")
    if scenario is None:
        yield line("--scenario NAME lists all sessions of one; a session's id shows what it did")
    critical_first = sorted(record.scenarios, key=lambda each: not each.critical)
    for each in critical_first if scenario is None else [record.scenario(scenario)]:
        yield from map(line, session_lines(run, each.name, whole=scenario is not None))


def session_lines(run: Run, scenario: str, *, whole: bool) -> Iterator[str]:
    """The sessions of a scenario as lines, those that went wrong first; all if `whole`."""
    rows = run.session_rows(scenario)
    ordered = sorted(rows, key=lambda row: (row["completed"], -row["violations"]))
    yield ""
    yield f"{clean(scenario)}: {worded(run.record.scenario(scenario).verdict)}"
    wrong = sum(not row["completed"] or bool(row["violations"]) for row in rows)
    most = max(SOME_SESSIONS, wrong)
    shown = ordered if whole else ordered[: min(most, MOST_SESSIONS)]
    width = max((len(clean(row["session"])) for row in shown), default=0)
    for row in shown:
        yield f"  {clean(row['session']):<{width}}  {_outcome(row)}"
    if len(ordered) > len(shown):
        more = count(len(ordered) - len(shown), "more session")
        well = "" if wrong > len(shown) else ", all completed and without a violation"
        yield f"  and {more}{well}"


def _outcome(row: Mapping[str, Any]) -> str:
    """How a session went: its end, its time, its calls, and what was found."""
    latency = row["latency_ns"]
    parts = [f"{row['end'].replace('_', ' '):<9}"]
    parts.append(f"{'-' if latency is None else seconds(latency):>9}")
    parts.append(count(row["calls"], "call"))
    if (cost := cost_of_session(row)) is not None:
        parts.append(cost)
    if row["violations"]:
        parts.append(f"✗ {count(row['violations'], 'violation')}")
    if row["fault"] is not None:
        parts.append(f"fault {row['fault']}")
    return "  ".join(parts)


def print_session(run: Run, session: str, stream: TextIO, *, scenario: str | None = None) -> None:
    """Print a session, `SESSION` or `SCENARIO/SESSION`, as a timeline."""
    chosen = chosen_session(run, session, scenario)
    name, session = chosen.scenario, chosen.session or session
    print_lines(stream, map(line, heading(run, name, session)))
    view = view_of(run, name, session)
    for entry in timeline(view) if view is not None else ():
        print_lines(stream, laid_out(entry, width_of(stream)))


def heading(run: Run, scenario: str, session: str) -> Iterator[str]:
    """What a session's timeline begins with."""
    row = next(row for row in run.session_rows(scenario) if row["session"] == session)
    yield f"session {clean(session)} · scenario {clean(scenario)} · {run.id}"
    yield _outcome(row)
    if row["reason"] is not None:
        yield clean(row["reason"])
    record = run.record
    if (compared := against(run, record.scenario(scenario), session)) is not None:
        yield compared
    yield f"again: {clean(record.again(scenario, session))}"
    if row["calls"]:
        name = shlex.quote(call_name(session, 1, scenario))
        yield f"a call explained: {clean(f'evalkit explain {run.id} {name}')}"
    yield ""


def view_of(run: Run, scenario: str, session: str) -> SessionView | None:
    """What is known of a session; None if it was never started."""
    sessions = JournalView.of(run.records(scenario, session=session)).sessions
    return sessions[0] if sessions else None


def laid_out(entry: Entry, width: int) -> list[Line]:
    """A line of a timeline with its time, broken so that it fits the width."""
    clock = "" if entry.at is None else f"{entry.at / 1_000_000_000:.3f} s"
    indent = "  " * entry.depth
    texts = textwrap.wrap(
        entry.text,
        width,
        initial_indent=f"{clock:>{_CLOCK}}  {indent}",
        subsequent_indent=f"{'':>{_CLOCK}}  {indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line(each, _STYLES[entry.tone]) for each in texts]
