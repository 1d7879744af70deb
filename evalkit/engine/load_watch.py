"""Ends a load early: looks whether a gate is lost, as sessions end under it."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.engine.cells import PlannedSession, ScenarioPlan, SuitePlan
from evalkit.engine.reception import Reception
from evalkit.gate.expression import parse_gate
from evalkit.gate.watching import Ended, InOrder, Watch


class LoadWatch:
    """Watches the gates of a scenario over sessions, in the order in which they were given out."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._in_order = watch, InOrder()
        self._order: list[str] = []  # the sessions given out, as they began

    @classmethod
    def of(
        cls, plan: SuitePlan, scenario: ScenarioPlan, sessions: Sequence[PlannedSession]
    ) -> LoadWatch:
        """The watch over a load of these sessions. There is nothing to watch where sessions may
        well end otherwise than completed.
        """
        assert plan.live is not None
        assert plan.live.load is not None
        own = () if scenario.faulty else plan.suite.gates
        gates = (*own, *scenario.scenario.gates)
        watched = plan.live.load.early and not scenario.scenario.expect.end
        single = all(len(each.record.turns) == 1 for each in sessions)
        return cls(Watch(map(parse_gate, gates if watched else ()), single=single))

    def over(self, session: str, ended: Ended | None, reception: Reception) -> None:
        """Take note of a session that is over, or of which nothing will be known, and end the load
        where a gate is lost with it, or with one that waited for it.
        """
        fresh = reception.dispenser.fresh()
        if not self._watch.any:
            return
        self._order += fresh
        for each in self._in_order.over(session, ended, self._order):
            if lost := self._watch.add(each):
                reception.stop(lost)
        self._in_order.cut(self._order)
