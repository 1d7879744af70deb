"""A webhook that a call caused, one attempt at it, and what the journal tells of both."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from evalkit.engine.delivering import Arrived
from evalkit.engine.timers import LINGER
from evalkit.faults import Decision, Schedule
from evalkit.faults.callbacks import CallbackFault
from evalkit.journal.identity import Place
from evalkit.journal.records import Arrival, CallbackSent, FaultMissed, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.units import format_duration
from evalkit.wire import Callback, Caller, Request
from evalkit.world.clock import Clock

KEPT_BODY = 64 * 1024
"""How many bytes of a webhook's body the journal keeps."""


@dataclass(frozen=True, slots=True)
class Caused:
    """A webhook, the place of the call that caused it, and on whose behalf that was."""

    callback: Callback
    cause: Place
    caller: Caller | None

    def as_request(self, at: int) -> Request:
        """The webhook as the conditions of fault rules see it, at a world time in nanoseconds."""
        callback = self.callback
        try:
            parts = urlsplit(callback.url)
        except ValueError:
            parts = urlsplit("")
        return Request(
            method="POST",
            path=parts.path,
            host=parts.netloc,
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers=callback.headers,
            body=callback.body,
            at=at,
            caller=self.caller,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a webhook, and the faults that it meets."""

    caused: Caused
    place: Place
    request: Request
    decision: Decision
    last: bool

    @property
    def fired(self) -> tuple[tuple[int, CallbackFault], ...]:
        """The rules that hit it, and their faults."""
        found = self.decision.fired
        return tuple((rule, each) for rule, each in found if isinstance(each, CallbackFault))


class CallbackJournal:
    """Journals what becomes of webhooks."""

    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def sent(
        self,
        caused: Caused,
        number: int,
        began: int,
        arrived: Arrived,
        body: bytes,
        *,
        last: bool = True,
        fault: str | None = None,
    ) -> None:
        """An attempt of this number, begun at a world time in nanoseconds, is over."""
        callback, cause = caused.callback, caused.cause
        self._journal.append(
            CallbackSent(
                at=self._clock.now,
                session=cause.session,
                turn=cause.turn,
                service=cause.service,
                call=cause.call,
                name=callback.name,
                id=callback.id,
                attempt=number,
                url=callback.url,
                began=began,
                arrival=arrived.arrival,
                last=last,
                status=arrived.status,
                error=arrived.error,
                fault=fault,
                body=body[:KEPT_BODY],
            )
        )

    def unsent(self, caused: Caused, number: int, fault: str | None = None) -> None:
        """An attempt will never be sent: its session has been over for too long."""
        why = f"it was due more than {format_duration(LINGER)} after the end of its session"
        arrived = Arrived(Arrival.UNSENT, error=why)
        now, body = self._clock.now, caused.callback.body
        self.sent(caused, number, now, arrived, body, fault=fault)

    def moved(self, stage: Stage, attempt: Attempt, but: tuple[str, ...] = ()) -> None:
        """The faults of an attempt, except those of these names, reached a stage."""
        cause = attempt.caused.cause
        for rule, fault in attempt.fired:
            if fault.name in but:
                continue
            self._journal.append(
                FaultMoved(
                    at=self._clock.now,
                    session=cause.session,
                    turn=cause.turn,
                    stage=stage,
                    rule=rule,
                    fault=fault.name,
                    service=cause.service,
                    call=cause.call,
                )
            )

    def missed(self, attempt: Attempt, schedule: Schedule) -> None:
        """The faults aimed at attempts after this one, the last, were not met."""
        if not schedule.rules:
            return
        cause, place = attempt.caused.cause, attempt.place
        for missed in schedule.missed(place, attempt.request.at, attempt.request):
            self._journal.append(
                FaultMissed(
                    at=self._clock.now,
                    session=cause.session,
                    turn=cause.turn,
                    rule=missed.rule,
                    fault=missed.fault.name,
                    service=cause.service,
                    reason=f"{place.operation}: {missed.reason}",
                )
            )
