"""One call: what the service says, as the faults change it, and how it fares on the wire."""

from __future__ import annotations

import traceback
from dataclasses import replace

from pydantic import ValidationError

from evalkit.engine.desk import Desk, kinds, spared
from evalkit.faults import Decision, Fault, apply_all
from evalkit.journal.identity import Place, call_failed
from evalkit.journal.patience import told_of_retries, told_to_wait
from evalkit.journal.records import CallEnded, Outcome, Stage
from evalkit.services.base import Service
from evalkit.services.template import RenderError
from evalkit.wire import Head, Headers, Raw, Reply, Request, Send, Stall, Step
from evalkit.world.lives import LIFE

KEPT_BODY = 64 * 1024
"""How many bytes of a request's or a reply's body the journal keeps."""


_NOTHING = Reply()


class Exchange:
    """One call: what the service says, as the faults change it, and how it fares on the wire."""

    def __init__(
        self, service: Service, desk: Desk, place: Place, request: Request, decision: Decision
    ) -> None:
        self._service = service
        self._desk = desk
        self._place = place
        self._request = request
        self._decision = decision
        self._fired = self._pending = kinds(decision) if decision.fired else []
        self._broken = self._whole = False
        self._life = LIFE.get()  # of the agent that asks
        self._reply: Reply | None = None
        self._first_byte: int | None = None
        self._first_token: int | None = None
        self._last_token: int | None = None

    @property
    def waits(self) -> bool:
        """Whether the service may wait before it answers."""
        return self._service.waits

    async def reply(self) -> Reply | None:
        """The reply to play; None where the connection should not have been there."""
        faults = self._decision.faults if self._fired else ()
        if faults and any(fault.connects for fault in faults):
            for stage in (Stage.FIRED, Stage.DELIVERED):
                self._desk.moved(stage, self._place, self._fired)
            return None
        try:
            reply = await self._service.handle(self._request)
        except Exception:
            what = f"the mock {self._service.name} crashed:\n{traceback.format_exc()}"
            reply = Reply.json({"error": "the mock service crashed"}, status=500)
            reply = replace(reply, complaint=what)
        if self._desk.remembers:
            reply = self._desk.remember(self._place, reply)
        if faults:
            if reply.stream is not None and not all(fault.follows for fault in faults):
                reply = await reply.gathered()
            reply = self._under(faults, reply)
            self._desk.moved(Stage.FIRED, self._place, self._fired)
        self._commit(reply)
        if self._life is not None and self._life.over:
            reply = replace(reply, plan=(Stall(),))  # nobody is there to be replied to
        self._reply = reply
        return reply

    def _under(self, faults: tuple[Fault, ...], reply: Reply) -> Reply:
        """The reply under these faults."""
        try:
            filled = list(self._desk.filling.filled(faults, self._request.caller))
        except (RenderError, ValidationError) as error:
            what = f"a fault could not be filled in for this call: {error}"
            return replace(Reply.json({"error": what}, status=500), complaint=what)
        draw = self._request.draw.at("faults")
        return apply_all(reply, filled, draw, kind=self._service.kind)

    def _commit(self, reply: Reply) -> None:
        if reply.effects or reply.taken:
            self._desk.ledger.take_on(self._place, reply, self._deliver, self._committed)
        if reply.callbacks:
            self._desk.callbacks.take_on(self._place, self._request.caller, reply)

    def _committed(self, effect: str) -> None:
        self._desk.restarts.committed(self._place, effect, self._life)

    def played(self, step: Step) -> None:
        """A step has taken its effect."""
        now = self._desk.clock.now
        if type(step) is Head:
            self._first_byte = now
            if self._reply is not None and self._reply.stays_open:
                self._end(Outcome.REPLIED, 0)
        elif (type(step) is Send or type(step) is Raw) and step.data:
            self._first_token = now if self._first_token is None else self._first_token
            self._last_token = now
            self._whole = self._whole or (type(step) is Send and step.whole)
        if step.fault is not None:
            self._deliver(step.fault)

    def _deliver(self, name: str) -> None:
        delivered = [each for each in self._pending if each[1] == name]
        if delivered:
            self._pending = [each for each in self._pending if each[1] != name]
            breaks = {fault.name: fault.breaks for fault in self._decision.faults}
            self._broken = self._broken or breaks.get(name, False)
            self._desk.moved(Stage.DELIVERED, self._place, delivered)

    def closed(self, outcome: Outcome, sent: int) -> None:
        """The exchange is over."""
        if self._reply is None or not self._reply.stays_open or self._first_byte is None:
            self._end(outcome, sent)

    def _end(self, outcome: Outcome, sent: int) -> None:
        """The call is over, though what it opened may stay open. A client that has all of a reply
        and leaves before the body's end has been replied to.
        """
        if self._whole and outcome in (Outcome.ABANDONED, Outcome.OPEN):
            outcome = Outcome.REPLIED
        reply, place, desk = self._reply or _NOTHING, self._place, self._desk
        status = None if self._reply is None or self._first_byte is None else reply.status
        broken = self._broken or reply.failed
        telling = reply.headers if told_of_retries(reply.headers) else ()  # hardly ever
        failed = call_failed(outcome, status, broken=broken, headers=telling)
        died = outcome is Outcome.ABANDONED and desk.restarts.broke_off(place, self._life)
        desk.identities.end(place, failed=failed and not died)

        def record() -> CallEnded:
            return self._ended(outcome, status, sent, failed=failed, telling=telling)

        desk.journal.call_ended(place.service, failed=failed, complaint=reply.trouble, make=record)

    def _ended(
        self, outcome: Outcome, status: int | None, sent: int, *, failed: bool, telling: Headers
    ) -> CallEnded:
        """The record of the call's end; `telling` are the headers if they tell of retries."""
        reply, place, clock = self._reply or _NOTHING, self._place, self._desk.clock
        access = reply.access
        return CallEnded(
            at=clock.now,
            session=place.session,
            turn=place.turn,
            call=place.call,
            outcome=outcome,
            status=status,
            first_byte=self._first_byte,
            first_token=self._first_token,
            last_token=self._last_token,
            sent=sent,
            body=reply.body()[:KEPT_BODY],
            model=reply.model,
            usage=reply.usage,
            route=reply.route,
            complaint=reply.trouble,
            breaches=reply.breaches,
            failed=failed,
            spared=spared(self._decision),
            scopes_had=None if access is None else access.had,
            scopes_used=() if access is None else access.used,
            retry_after=told_to_wait(telling, clock.wall) if telling else None,
        )
