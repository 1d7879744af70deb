"""`no-duplicate-effect`: the same change was made twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, TypeAlias

from evalkit.checks.base import Check, Facts
from evalkit.checks.repeating import may_be_repeated
from evalkit.checks.words import numbered
from evalkit.journal.records import EffectCommitted, Finding
from evalkit.journal.views import SessionView

_Change: TypeAlias = tuple[str, str, tuple[str, ...]]
"""The service, the name of an effect, and its business key."""

_UNDOES = re.compile(
    r"refund|cancel|void|revers|releas|revok|roll(ed)?.?back|undo|compensat|withdr", re.IGNORECASE
)
"""How effects are called that take back another of the same key."""


class NoDuplicateEffect(Check):
    """Two effects of one name and business key in a session are one change made twice.

    Effects without a business key cannot be told apart, so they are left alone. So is the double of
    an effect that a fault made in the same call: the agent made the change once; and what PUT and
    DELETE change, unless the service knows an idempotency key for it. What another effect of the
    same key took back (a refund, a cancellation) may be made anew.
    """

    name: ClassVar[str] = "no-duplicate-effect"
    about: ClassVar[str] = "an effect with the same business key was committed more than once"

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The changes made more than once."""
        made: dict[_Change, list[EffectCommitted]] = {}
        for effect in session.effects:
            same = made.setdefault((effect.service, effect.name, effect.key), [])
            if not effect.key or _doubled(effect, same):
                continue
            _turned(made, effect)
            if not same or not may_be_repeated(effect, session, facts):
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


def _turned(made: dict[_Change, list[EffectCommitted]], effect: EffectCommitted) -> None:
    """Let be done anew what an effect undoes, or what undid it, if that was done once till then."""
    for (service, name, key), same in made.items():
        of_it = (service, key) == (effect.service, effect.key)
        if of_it and len(same) == 1 and _undoes(name) != _undoes(effect.name):
            same.clear()


def _undoes(name: str) -> bool:
    return _UNDOES.search(name) is not None


def _doubled(effect: EffectCommitted, before: list[EffectCommitted]) -> bool:
    return effect.fault is not None and any(each.call == effect.call for each in before)
