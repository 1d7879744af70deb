"""Builds what a report shows out of a stored run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evalkit.report.html.banner import banner_of
from evalkit.report.html.before import before_of
from evalkit.report.html.chosen import MOST_BAD, MOST_CELLS, MOST_GOOD, Chosen, chosen_sessions
from evalkit.report.html.conduct import conduct_of
from evalkit.report.html.cost import cost_of
from evalkit.report.html.gates import gates_of
from evalkit.report.html.history import past_of, trend
from evalkit.report.html.integrations import integrations_of
from evalkit.report.html.latency import latencies_of
from evalkit.report.html.load import load_of
from evalkit.report.html.located import located
from evalkit.report.html.matrix import matrix_of
from evalkit.report.html.problems import MOST_PROBLEMS, findings_total, problems_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.scenarios import scenarios_of
from evalkit.report.html.sessions import Told, told_of
from evalkit.report.html.stories import LONGEST_TEXT, MOST_CALLS
from evalkit.report.html.view import PastRun, Problem, View

MOST_GATES = 300
MOST_SCENARIOS = 200
MOST_SERVICES = 60
"""Lines of the tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many bytes the stories of sessions, and the bodies in them, may take."""

    stories: int = 520_000
    texts: int = 620_000

    def less(self) -> Room:
        """Half of it."""
        return Room(stories=self.stories // 2, texts=self.texts // 2)


def view_of(stored: Stored, past: Iterable[PastRun] = (), room: Room | None = None) -> View:
    """The report of a run. `past` are the runs that it may be shown beside."""
    room = room or Room()
    record = stored.record
    problems = problems_of(stored)
    gates, before = gates_of(record), located(before_of(record), stored)
    cost = cost_of(stored, gates)
    matrix = matrix_of(stored)
    places = [place for each in problems[:MOST_PROBLEMS] for place in each.places]
    places += [cell.place for _, cells in matrix.rows for cell in cells if cell.place is not None]
    if before is not None:
        places += [place for each in before.worse for place in each.places]
        places += [place for each in before.changes for place in each.places]
    chosen = chosen_sessions(stored, ((each.scenario, each.session) for each in places))
    told = told_of(stored, chosen, room=room.stories, texts_room=room.texts)
    return View(
        banner=banner_of(stored, problems, cost, gates, before),
        scenarios=scenarios_of(stored, before)[:MOST_SCENARIOS],
        gates=gates[:MOST_GATES],
        problems=problems[:MOST_PROBLEMS],
        matrix=matrix,
        integrations=integrations_of(stored)[:MOST_SERVICES],
        latencies=latencies_of(stored)[:MOST_SCENARIOS],
        cost=cost,
        conduct=conduct_of(stored)[:MOST_SCENARIOS],
        history=trend(past, past_of(stored)),
        sessions=told.sessions,
        left_out=tuple(_left_out(stored, chosen, told, problems)),
        versions=tuple(record.versions.items()),
        before=before,
        load=load_of(stored),
        data=told.data,
    )


def _left_out(
    stored: Stored, chosen: Chosen, told: Told, problems: tuple[Problem, ...]
) -> Iterator[str]:
    """What is not in the report, and where it can be had."""
    bad, good = len(chosen.bad), len(chosen.good)
    if bad < chosen.all_bad:
        yield (
            f"{bad:,} of {chosen.all_bad:,} sessions that went wrong are listed: some of every "
            f"kind, up to {MOST_BAD} from {MOST_CELLS} cells. The figures are of all."
        )
    if good < chosen.all_good:
        yield (
            f"{good:,} of {chosen.all_good:,} sessions that went well are listed: some of every "
            f"kind, up to {MOST_GOOD}."
        )
    if told.without_story:
        yield f"{told.without_story:,} sessions have no timeline here, for size."
    if told.texts_refused:
        yield f"{told.texts_refused:,} bodies of requests and replies were left out, for size."
    found = findings_total(stored)
    if len(stored.findings) < found:
        yield f"Findings are grouped from the first {len(stored.findings):,} of {found:,}."
    for name, there, most in _tables(stored, problems):
        if there > most:
            yield f"The first {most} of {there:,} {name} are shown."
    yield (
        f"Bodies are shown up to {LONGEST_TEXT:,} characters, sessions up to {MOST_CALLS} calls; "
        f"evalkit explain {stored.record.run} CALL shows a call whole."
    )


def _tables(stored: Stored, problems: tuple[Problem, ...]) -> Iterator[tuple[str, int, int]]:
    record = stored.record
    gates = len(record.gates) + sum(len(each.gates) for each in record.scenarios)
    yield "gates", gates, MOST_GATES
    yield "scenarios", len(record.scenarios), MOST_SCENARIOS
    yield "integrations", len(stored.services), MOST_SERVICES
    yield "kinds of problems", len(problems), MOST_PROBLEMS
