"""Which calls are attempts at the same thing.

A call's identity is (session, turn, service, operation, hash of the canonical request,
occurrence). A call is attempt k+1 of a logical call if an earlier call of the same identity failed
and no attempt has followed it yet; otherwise it is a new occurrence. So equal requests side by side
are two occurrences, and so is a request that is repeated after it succeeded.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.journal.patience import SHOULD_RETRY, told_of_retries
from evalkit.journal.records import Outcome
from evalkit.keyed import Draw
from evalkit.quick import quick
from evalkit.wire import Headers, Request

_STRANGE = 20_000
"""Requests of no session that are known again, at least: of those there may be no end."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call stands among the calls of its session. All numbers count from 1.

    `call` is its number in the session, `logical` that of the call that was attempt 1.
    `logical_ordinal` counts the logical calls of the operation in the session, `request_ordinal`
    its requests, retries included, and `failures` those that had failed before this one began.
    """

    session: str | None
    turn: int | None
    service: str
    operation: str
    identity: str
    occurrence: int
    attempt: int
    call: int
    logical: int
    logical_ordinal: int
    request_ordinal: int
    failures: int = 0

    def draw(self, seed: int) -> Draw:
        """What is drawn for the call under a seed: by its identity, so it depends on no order."""
        return Draw(
            seed,
            self.session,
            self.turn,
            self.service,
            self.operation,
            self.identity,
            self.occurrence,
            self.attempt,
        )


_Key: TypeAlias = tuple[str | None, int | None, str, str, str]
_Operation: TypeAlias = tuple[str | None, str, str]


@dataclass(slots=True)
class _Tally:
    """What a session has asked of an operation so far."""

    requests: int = 0
    logical: int = 0
    failures: int = 0


@dataclass(slots=True)
class Identities:
    """Gives every call of a world its place. One per world; told of each begin and end in order."""

    _calls: dict[str | None, int] = field(default_factory=lambda: defaultdict(int))
    _tallies: dict[_Operation, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    _occurrences: dict[_Key, int] = field(default_factory=lambda: defaultdict(int))
    _failed: dict[_Key, deque[Place]] = field(default_factory=lambda: defaultdict(deque))
    _of: dict[str | None, list[_Operation | _Key]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """What is known of each session, by where it stands."""

    def begin(
        self, session: str | None, turn: int | None, service: str, operation: str, identity: str
    ) -> Place:
        """The place of a call that begins now."""
        tally = self._tallies[session, service, operation]
        key = (session, turn, service, operation, identity)
        failed = self._failed.get(key)
        self._calls[session] = call = self._calls[session] + 1
        tally.requests += 1
        if tally.requests == 1:
            self._of[session].append((session, service, operation))
        before = failed.popleft() if failed else None
        if before is None:
            tally.logical += 1
            self._occurrences[key] = occurrence = self._occurrences[key] + 1
            if occurrence == 1:
                self._of[session].append(key)
                if session is None and len(self._of[None]) > 2 * _STRANGE:
                    self._forget(self._of[None][:_STRANGE])
                    del self._of[None][:_STRANGE]
        return Place(
            session=session,
            turn=turn,
            service=service,
            operation=operation,
            identity=identity,
            occurrence=before.occurrence if before else self._occurrences[key],
            attempt=before.attempt + 1 if before else 1,
            call=call,
            logical=before.logical if before else call,
            logical_ordinal=before.logical_ordinal if before else tally.logical,
            request_ordinal=tally.requests,
            failures=tally.failures,
        )

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: what is known of them takes up room."""
        for session in sessions:
            self._calls.pop(session, None)
            self._forget(self._of.pop(session, ()))

    def _forget(self, known: Iterable[_Operation | _Key]) -> None:
        for each in known:
            if len(each) == 3:
                self._tallies.pop(each, None)
            else:
                self._occurrences.pop(each, None)
                self._failed.pop(each, None)

    def forget_failures(self) -> None:
        """Nobody is left who could attempt again what failed: the same is a new occurrence."""
        self._failed.clear()

    def end(self, place: Place, *, failed: bool) -> None:
        """The call of this place is over. If it failed, the next equal request is its retry."""
        if failed:
            key = (place.session, place.turn, place.service, place.operation, place.identity)
            self._failed[key].append(place)
            self._tallies[place.session, place.service, place.operation].failures += 1


def call_failed(
    outcome: Outcome, status: int | None, *, broken: bool = False, headers: Headers = ()
) -> bool:
    """Whether the client of a call got no usable reply, or was told to try again.

    `broken` says that a fault was delivered that leaves no usable reply.
    """
    if broken or outcome is not Outcome.REPLIED or status is None or status >= 400:
        return True
    return told_of_retries(headers).get(SHOULD_RETRY, "").lower() == "true"


def sdk_retry(request: Request) -> int | None:
    """What the retry counter of the client's own SDK says; None where it says nothing."""
    given = request.header("x-stainless-retry-count")
    return int(given) if given is not None and given.isascii() and given.isdigit() else None
