"""`no-duplicate-effect`: the same change was made twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.records import EffectCommitted, Finding
from evalkit.journal.views import SessionView


class NoDuplicateEffect(Check):
    """Two effects of one name and business key in a session are one change made twice.

    Effects without a business key cannot be told apart, so they are left alone. So is the double of
    an effect that a fault made in the same call: the agent made the change once.
    """

    name: ClassVar[str] = "no-duplicate-effect"
    about: ClassVar[str] = "an effect with the same business key was committed more than once"

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The changes made more than once."""
        del facts
        made: dict[tuple[str, str, tuple[str, ...]], list[EffectCommitted]] = {}
        for effect in session.effects:
            same = made.setdefault((effect.service, effect.name, effect.key), [])
            if effect.key and not _doubled(effect, same):
                same.append(effect)
        return [self._twice(session, same) for same in made.values() if len(same) > 1]

    def _twice(self, session: SessionView, same: list[EffectCommitted]) -> Finding:
        last = same[-1]
        calls = tuple(effect.call for effect in same)
        times = "twice" if len(same) == 2 else f"{len(same)} times"
        return self.finding(
            f"{last.service} committed {last.name} (key {', '.join(last.key)}) {times}: "
            f"{numbered(calls)}",
            at=last.at,
            session=session.id,
            turn=last.turn,
            calls=calls,
            expected="once",
            seen=times,
            hint="send the same idempotency key with every attempt, "
            "or look before writing again whether the first write went through",
        )


def _doubled(effect: EffectCommitted, before: list[EffectCommitted]) -> bool:
    return effect.fault is not None and any(each.call == effect.call for each in before)
