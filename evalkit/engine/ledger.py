"""The effects of one world: what is committed, when, and in which order.

The effects of a reply are committed when the service takes its request on, in their order, unless
one says otherwise: it may be late, or be overtaken by the next of its session and service. What is
late when the sessions are over is waited for; what still has nothing to be overtaken by is
committed when its session ends.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from evalkit.journal.identity import Place
from evalkit.journal.records import EffectCommitted
from evalkit.journal.writer import Journal
from evalkit.wire import Effect, Reply
from evalkit.world.clock import Clock

Delivered: TypeAlias = Callable[[str], None]
"""Told the name of a fault whose consequence has come about."""

Committed: TypeAlias = Callable[[str], None]
"""Told the name of an effect that was committed."""


def _nobody(name: str) -> None:
    """Tell nobody."""


class Ledger:
    """Commits what services change, and journals it."""

    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._overtaken: dict[tuple[str | None, str], list[Callable[[], None]]] = defaultdict(list)
        self._late: set[object] = set()
        self._awaited: set[object] = set()
        self._settled = asyncio.Event()

    def take_on(
        self, place: Place, reply: Reply, delivered: Delivered, committed: Committed = _nobody
    ) -> None:
        """The service takes a request on with this reply: commit what it holds."""
        for taken in reply.taken:
            taken()
        later = (place.session, place.service)
        waiting = self._overtaken.pop(later, []) if _commits_now(reply) else []
        for effect in reply.effects:
            commit = partial(self._commit, place, effect, delivered, committed)
            if effect.overtaken:
                self._overtaken[later].append(commit)
            elif effect.after:
                self._commit_late(effect.after, commit)
            else:
                commit()
        for each in waiting:
            each()

    def session_over(self, session: str) -> None:
        """Commit what nothing in the session can overtake any more."""
        for later in [each for each in self._overtaken if each[0] == session]:
            self._commit_overtaken(later)

    async def settled(self) -> None:
        """Commit what is left over, and wait until what is late by now is committed.

        What an agent does in the background from now on is not waited for: that may have no end.
        """
        for later in tuple(self._overtaken):
            self._commit_overtaken(later)
        self._awaited, self._settled = set(self._late), asyncio.Event()
        if self._awaited:
            await self._settled.wait()

    def _commit_overtaken(self, later: tuple[str | None, str]) -> None:
        for commit in self._overtaken.pop(later):
            commit()

    def _commit(
        self, place: Place, effect: Effect, delivered: Delivered, committed: Committed
    ) -> None:
        self._journal.append(
            EffectCommitted(
                at=self._clock.now,
                session=place.session,
                turn=place.turn,
                service=place.service,
                call=place.call,
                name=effect.name,
                key=effect.key,
                data=effect.data,
                fault=effect.fault,
            )
        )
        if effect.commit is not None:
            effect.commit()
        if effect.fault is not None:
            delivered(effect.fault)
        committed(effect.name)

    def _commit_late(self, after: int, commit: Callable[[], None]) -> None:
        own = object()
        self._late.add(own)

        def now() -> None:
            commit()
            self._late.discard(own)
            self._awaited.discard(own)
            if not self._awaited:
                self._settled.set()

        moment = Clock.loop_time(self._clock.now + after)
        asyncio.get_running_loop().call_at(moment, now)


def _commits_now(reply: Reply) -> bool:
    return any(not effect.overtaken and not effect.after for effect in reply.effects)
