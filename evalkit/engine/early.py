"""What ends a scenario early: which of its gates are watched while its sessions end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.gate import gated_scenarios, parse_gate
from evalkit.gate.watching import Ended, InOrder, Watch
from evalkit.journal.records import End


class Early:
    """Says when the sessions of a cell in real time need not go on. `why` is there from then on."""

    def __init__(self, plan: SuitePlan, scenario: ScenarioPlan) -> None:
        self.why: str | None = None
        self._sessions = {each.id: each.record for each in chain.from_iterable(scenario.cells)}
        self._order = list(self._sessions)
        self._watch = watch_of(plan, scenario, census=False)
        self._in_order = InOrder()

    def lost_by(self, session: str, end: End, took: int) -> bool:
        """Take note of a session that took so many nanoseconds; whether that decides it."""
        turns = self._sessions[session].turns
        latency = took - (turns[0].think or 0) if len(turns) == 1 else None
        ended = Ended(completed=end is End.COMPLETED, latency=latency)
        before = self.why
        for each in self._in_order.over(session, ended, self._order):
            self.why = self.why or self._watch.add(each)
        return before is None and self.why is not None


def watch_of(plan: SuitePlan, scenario: ScenarioPlan, *, census: bool) -> Watch:
    """The watch over the sessions of a scenario, which are a `census` or a sample. There is nothing
    to watch where sessions may well end otherwise than completed.
    """
    sessions = tuple(chain.from_iterable(scenario.cells))
    repeated = scenario.settings.repeat > 1
    return Watch(
        map(parse_gate, () if scenario.scenario.expect.end else _gates(plan, scenario)),
        single=all(len(each.record.turns) == 1 for each in sessions),
        census=len(sessions) if census else None,
        rounds=len(sessions) // scenario.settings.repeat if repeated else 1,
    )


def _gates(plan: SuitePlan, scenario: ScenarioPlan) -> Iterator[str]:
    """The gates over the sessions of this scenario alone: over those of several, the same sessions
    would count as independent of each other.
    """
    if not scenario.added:
        yield from scenario.scenario.gates
    names = gated_scenarios(plan.suite)
    judged = [each.name for each in plan.scenarios if each.name in names and not each.added]
    if judged == [scenario.name]:
        yield from plan.suite.gates
