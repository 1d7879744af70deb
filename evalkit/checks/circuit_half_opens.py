"""`circuit-half-opens`: after its pause one call tries whether the service is back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.circuit import Breaker, Opening, openings
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, TurnStarted
from evalkit.journal.views import JournalView
from evalkit.suite.parts import Count, Part


class HalfOpen(Breaker):
    """What a circuit breaker does after its pause."""

    trials: Count = Field(1, description="How many may try at the same time")
    turns: Count = Field(
        5, description="Turns that may begin after the pause before somebody has tried"
    )


class CircuitHalfOpens(Check):
    """After the pause so many may try, and no more; a trial that fails is a pause again; and
    somebody does try, or the service would be given up for ever.

    A circuit that did not open when it had to cannot half-open: that is for `circuit-opens`.
    """

    name: ClassVar[str] = "circuit-half-opens"
    about: ClassVar[str] = "after its pause a breaker let everybody through, or nobody ever"
    Settings: ClassVar[type[Part] | None] = HalfOpen
    example: ClassVar[str | None] = "circuit-half-opens: {at: crm, failures: 5, pause: 30s}"
    settings: HalfOpen

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """The pauses that did not end in a trial."""
        del facts
        for opening in _held(openings(view, self.settings)):
            if opening.again and opening.too_early:
                seen = f"a trial had failed, and {len(opening.too_early)} more were made within "
                yield self._finding(opening.too_early, seen + duration(self.settings.pause))
            if len(opening.at_once) >= self.settings.trials:
                more = opening.at_once[self.settings.trials - 1 :]
                seen = f"{len(more)} went beside the trial that was to show whether it is back"
                yield self._finding(more, seen)
            if opening.tried is None and (turn := self._untried(view, opening)) is not None:
                yield self._given_up(opening, turn)

    def _finding(self, calls: list[LogicalCall], seen: str) -> Finding:
        first = calls[0].first.started
        own = [each.first.call for each in calls if each.first.started.session == first.session]
        return self.finding(
            f"{self.settings.at}: {seen} ({numbered(own[:5])}{' and more' if own[5:] else ''})",
            at=first.at,
            session=first.session,
            turn=first.turn,
            calls=tuple(own),
            expected=f"{self.settings.trials} at a time until one has succeeded",
            seen=seen,
            hint="half-open: let one call through, hold the others back until it has come home, "
            "and open again where it fails",
        )

    def _untried(self, view: JournalView, opening: Opening) -> TurnStarted | None:
        """The turn by which somebody should have tried."""
        begun = sorted(
            (turn.started for each in view.sessions for turn in each.turns),
            key=lambda started: started.at,
        )
        later = [started for started in begun if started.at >= opening.until]
        return later[self.settings.turns - 1] if len(later) >= self.settings.turns else None

    def _given_up(self, opening: Opening, turn: TurnStarted) -> Finding:
        since, last = duration(turn.at - opening.at), opening.last
        own = last.first.started.session == turn.session
        return self.finding(
            f"{self.settings.at} had failed, and {since} and {self.settings.turns} turns later "
            "nobody has tried again",
            at=turn.at,
            session=turn.session,
            turn=turn.turn,
            calls=last.numbers if own else (),
            expected=f"a trial after {duration(self.settings.pause)}",
            seen="no call since",
            hint="a breaker that opens must half-open by itself, by time",
        )


def _held(found: Iterable[Opening]) -> Iterator[Opening]:
    """The times at which the circuit was open, each with those that followed from its trials."""
    opened = False
    for opening in found:
        opened = opened if opening.again else not opening.too_early
        if opened:
            yield opening
