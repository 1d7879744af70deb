"""`downstream-share`: services take no more than their part of the time that a turn has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import requested
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.suite.parts import OneOrMany, Part
from evalkit.units import Duration, Share


class Downstream(Part):
    """How much of a turn's time services may take."""

    sla: Duration = Field(description="The time that a turn has")
    most: Share = Field(0.3, description="The part of it that these services may take together")
    of: OneOrMany[Operation] = Field(
        (), description="The operations meant; without any, all that are not a model's"
    )


class DownstreamShare(Check):
    """Adds up the time of a turn in which any of the services was being waited for.

    Calls side by side count once. The time between attempts is the agent's own.
    """

    name: ClassVar[str] = "downstream-share"
    about: ClassVar[str] = "services took more than their part of the time that a turn has"
    example: ClassVar[str] = "downstream-share: {sla: 2s, most: 30%}"
    Settings: ClassVar[type[Part]] = Downstream
    settings: Downstream

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns in which services took too much."""
        allowed = round(self.settings.sla * self.settings.most)
        for turn in session.turns:
            calls = [call for call in requested(turn.calls) if self._counts(call, facts)]
            took = _together(_spans(calls, turn))
            if turn.ended is not None and took > allowed:
                yield self._too_much(session, turn, calls, took, allowed)

    def _counts(self, call: CallView, facts: Facts) -> bool:
        if self.settings.of:
            return any(each.fits(call) for each in self.settings.of)
        return call.service not in facts.models

    def _too_much(
        self,
        session: SessionView,
        turn: TurnView,
        calls: list[CallView],
        took: int,
        allowed: int,
    ) -> Finding:
        assert turn.ended is not None
        numbers = tuple(call.call for call in calls)
        share, sla = took / self.settings.sla, duration(self.settings.sla)
        return self.finding(
            f"turn {turn.turn} waited {duration(took)} for services ({numbered(numbers)}): "
            f"{share:.0%} of the {sla} that it has",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=numbers,
            expected=f"at most {self.settings.most:.0%} ({duration(allowed)})",
            seen=f"{share:.0%} ({duration(took)})",
            hint="ask side by side what does not depend on each other, and give each a time limit",
        )


def _spans(calls: Iterable[CallView], turn: TurnView) -> list[tuple[int, int]]:
    """When calls were under way, within their turn."""
    end = max([each.started.at for each in turn.calls], default=0)
    end = end if turn.ended is None else turn.ended.at
    return sorted(
        (call.started.at, end if call.ended is None else min(call.ended.at, end)) for call in calls
    )


def _together(spans: Iterable[tuple[int, int]]) -> int:
    """The time that spans cover, in order of their beginnings."""
    covered, reached = 0, 0
    for start, end in spans:
        begin = max(start, reached)
        covered += max(0, end - begin)
        reached = max(reached, end)
    return covered
