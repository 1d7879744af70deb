"""A service on the network: places every call, lets the schedule decide, and journals it all."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from pydantic import ValidationError

from evalkit.engine.callbacks import Callbacks
from evalkit.engine.filling import Filling
from evalkit.engine.ledger import Ledger
from evalkit.engine.restarts import Restarts
from evalkit.faults import ConnectFault, Connecting, Decision, Fault, Schedule, apply_all
from evalkit.journal.canonical import canonical
from evalkit.journal.identity import Identities, Place, call_failed, sdk_retry
from evalkit.journal.records import (
    CONNECT,
    CallEnded,
    CallStarted,
    FaultMissed,
    FaultMoved,
    Outcome,
    Stage,
)
from evalkit.journal.writer import Journal
from evalkit.keyed import Draw
from evalkit.services.base import Service
from evalkit.services.template import RenderError
from evalkit.wire import Caller, Earlier, Head, Raw, Reply, Request, Send, Stall, Step
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from evalkit.world.endpoint import Admission
from evalkit.world.lives import LIFE

KEPT_BODY = 64 * 1024
"""How many bytes of a request's or a reply's body the journal keeps."""


class Desk:
    """What the services of one world share: journal, clock, call identities and schedule."""

    def __init__(self, *, journal: Journal, clock: Clock, schedule: Schedule, seed: int) -> None:
        self.journal = journal
        self.clock = clock
        self.schedule = schedule
        self.filling = Filling(schedule.rules)
        self.seed = seed
        self.identities = Identities()
        self.ledger = Ledger(journal=journal, clock=clock)
        self.callbacks = Callbacks(journal=journal, clock=clock, schedule=schedule, seed=seed)
        self.restarts = Restarts(
            schedule=schedule, journal=journal, clock=clock, identities=self.identities
        )
        self._last: dict[str | None, dict[int, tuple[Place, Request]]] = defaultdict(dict)
        self._replied: dict[tuple[str, str, str], list[tuple[str, bytes]]] = defaultdict(list)

    def begin(self, caller: Caller | None, service: str, operation: str, identity: str) -> Place:
        """The place of a call that begins now."""
        session = None if caller is None else caller.session
        turn = None if caller is None else caller.turn
        return self.identities.begin(session, turn, service, operation, identity)

    def decide(self, place: Place, request: Request) -> Decision:
        """Which faults a call meets."""
        if not self.schedule.rules:
            return Decision()
        self._last[place.session][place.logical] = place, request
        return self.schedule.decide(place, self.clock.now, request)

    @cached_property
    def remembers(self) -> bool:
        """Whether some fault of the scenario needs to know what was replied before."""
        return any(fault.remembers for rule in self.schedule.rules for fault in rule.faults)

    def remember(self, place: Place, reply: Reply) -> Reply:
        """The reply with what its operation replied before in the session, kept for the next."""
        if place.session is None or reply.status >= 400:
            return reply
        before = self._replied[place.session, place.service, place.operation]
        earlier = tuple(Earlier(identity == place.identity, body) for identity, body in before)
        before.append((place.identity, reply.body()))
        return replace(reply, earlier=earlier)

    def moved(self, stage: Stage, place: Place, fired: Iterable[tuple[int, str]]) -> None:
        """Journal that these faults (rule and kind) reached a stage."""
        for rule, fault in fired:
            self.journal.append(
                FaultMoved(
                    at=self.clock.now,
                    session=place.session,
                    turn=place.turn,
                    stage=stage,
                    rule=rule,
                    fault=fault,
                    service=place.service,
                    call=place.call,
                )
            )

    async def settled(self) -> None:
        """Wait for what calls caused and what came, or still comes, after their sessions."""
        await self.ledger.settled()
        await self.callbacks.settled()
        await self.ledger.settled()

    def session_over(self, session: str) -> None:
        """Journal the faults aimed at attempts that the session never made."""
        self.ledger.session_over(session)
        self.callbacks.session_over(session)
        for place, request in self._last.pop(session, {}).values():
            for missed in self.schedule.missed(place, request.at, request):
                self.journal.append(
                    FaultMissed(
                        at=self.clock.now,
                        session=place.session,
                        turn=place.turn,
                        rule=missed.rule,
                        fault=missed.fault.name,
                        service=place.service,
                        reason=f"call #{place.logical}: {missed.reason}",
                    )
                )


class ServiceEndpoint:
    """One service as the network sees it."""

    def __init__(self, service: Service, desk: Desk, ignore: tuple[str, ...] = ()) -> None:
        self.service = service
        self._desk = desk
        self._ignore = ignore
        self._connections: dict[str | None, int] = defaultdict(int)
        self._refused: set[str | None] = set()

    def refuses(self, session: str) -> bool:
        """Whether a connect fault awaits the session's first connection."""
        desk = self._desk
        first = desk.schedule.decide_connect(self.service.name, session, 1, desk.clock.now)
        return bool(first.fired)

    def connecting(self) -> Admission:
        """What becomes of a connection that the code in context opens."""
        caller = CALLER.get()
        session = None if caller is None else caller.session
        self._connections[session] += 1
        decision = self._desk.schedule.decide_connect(
            self.service.name, session, self._connections[session], self._desk.clock.now
        )
        connecting = Connecting()
        draw = Draw.of(
            self._desk.seed, "connect", self.service.name, session, self._connections[session]
        )
        for fault in decision.faults:
            if isinstance(fault, ConnectFault):
                connecting = fault.connect(connecting, draw)
        if not decision.fired and session not in self._refused:
            return Admission()
        return Admission(
            wait=connecting.wait,
            refused=connecting.refused,
            unknown=connecting.unknown,
            over=self._journal_connect(caller, decision),
        )

    def _journal_connect(
        self, caller: Caller | None, decision: Decision
    ) -> Callable[[Outcome], None]:
        """A connection that meets a fault is a call of its own: nobody else can tell of it. So is
        the one that comes about at last, for it is the attempt that recovers. What is given back
        journals its end.
        """
        desk, fired = self._desk, _kinds(decision)
        place = desk.begin(caller, self.service.name, CONNECT, CONNECT)
        desk.journal.append(_started(desk.clock.now, place, method="", path=""))
        desk.moved(Stage.SCHEDULED, place, fired)
        desk.moved(Stage.FIRED, place, fired)

        def over(outcome: Outcome) -> None:
            failed = outcome is not Outcome.REPLIED
            desk.moved(Stage.DELIVERED, place, fired)
            (self._refused.add if failed else self._refused.discard)(place.session)
            desk.identities.end(place, failed=failed)
            desk.journal.append(
                CallEnded(
                    at=desk.clock.now,
                    session=place.session,
                    turn=place.turn,
                    call=place.call,
                    outcome=outcome,
                    failed=failed,
                    spared=_spared(decision),
                )
            )

        return over

    def open(self, request: Request) -> Exchange:
        """Begin an exchange on behalf of the code in context."""
        desk, service, caller = self._desk, self.service, CALLER.get()
        operation = service.operation(request)
        identity = canonical(request, self._ignore)
        place = desk.begin(caller, service.name, operation, identity)
        draw = Draw.of(
            desk.seed,
            place.session,
            place.turn,
            service.name,
            operation,
            identity,
            place.occurrence,
            place.attempt,
        )
        request = request.arrived(desk.clock.now, caller, draw)
        desk.journal.append(
            _started(
                desk.clock.now,
                place,
                method=request.method,
                path=_target(request),
                sdk=sdk_retry(request),
                headers=request.headers,
                body=request.body[:KEPT_BODY],
            )
        )
        decision = desk.decide(place, request)
        if desk.schedule.rules:
            decision = self._with_connect_fault(place, decision)
        if decision.fired:
            desk.moved(Stage.SCHEDULED, place, _kinds(decision))
        desk.restarts.called(place, request)
        return Exchange(service, desk, place, request, decision)

    def _with_connect_fault(self, place: Place, decision: Decision) -> Decision:
        """A session whose connections are refused must not slip in on another's open one."""
        schedule, name, now = self._desk.schedule, self.service.name, self._desk.clock.now
        if place.session is None or self._connections[place.session]:
            refused = schedule.breaks_open(name, place.session, now)
        else:
            refused = schedule.decide_connect(name, place.session, 1, now)
        return refused if refused.fired else decision


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
        self._fired = self._pending = _kinds(decision)
        self._breaks = {fault.name: fault.breaks for fault in decision.faults}
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
        faults = self._decision.faults
        if any(fault.connects for fault in faults):
            for stage in (Stage.FIRED, Stage.DELIVERED):
                self._desk.moved(stage, self._place, self._fired)
            return None
        reply = await self._healthy()
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

    async def _healthy(self) -> Reply:
        try:
            return await self._service.handle(self._request)
        except Exception:
            what = f"the mock {self._service.name} crashed:\n{traceback.format_exc()}"
            reply = Reply.json({"error": "the mock service crashed"}, status=500)
            return replace(reply, complaint=what)

    def _commit(self, reply: Reply) -> None:
        self._desk.ledger.take_on(self._place, reply, self._deliver, self._committed)
        if reply.callbacks:
            self._desk.callbacks.take_on(self._place, self._request.caller, reply)
        if reply.effects:
            self._service.committed(self._request)

    def _committed(self, effect: str) -> None:
        self._desk.restarts.committed(self._place, effect, self._life)

    def played(self, step: Step) -> None:
        """A step has taken its effect."""
        now = self._desk.clock.now
        if isinstance(step, Head):
            self._first_byte = now
            if self._reply is not None and self._reply.stays_open:
                self._end(Outcome.REPLIED, 0)
        elif isinstance(step, Send | Raw) and step.data:
            self._first_token = now if self._first_token is None else self._first_token
            self._last_token = now
            self._whole = self._whole or (isinstance(step, Send) and step.whole)
        if step.fault is not None:
            self._deliver(step.fault)

    def _deliver(self, name: str) -> None:
        delivered = [each for each in self._pending if each[1] == name]
        if delivered:
            self._pending = [each for each in self._pending if each[1] != name]
            self._broken = self._broken or self._breaks.get(name, False)
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
        reply, place, desk = self._reply, self._place, self._desk
        status = None if reply is None or self._first_byte is None else reply.status
        headers = () if reply is None else reply.headers
        broken = self._broken or (reply is not None and reply.failed)
        failed = call_failed(outcome, status, broken=broken, headers=headers)
        died = outcome is Outcome.ABANDONED and desk.restarts.broke_off(place, self._life)
        desk.identities.end(place, failed=failed and not died)
        access = None if reply is None else reply.access
        desk.journal.append(
            CallEnded(
                at=desk.clock.now,
                session=place.session,
                turn=place.turn,
                call=place.call,
                outcome=outcome,
                status=status,
                first_byte=self._first_byte,
                first_token=self._first_token,
                last_token=self._last_token,
                sent=sent,
                body=b"" if reply is None else reply.body()[:KEPT_BODY],
                model=None if reply is None else reply.model,
                usage=None if reply is None else reply.usage,
                route=None if reply is None else reply.route,
                complaint=None if reply is None else reply.trouble,
                breaches=() if reply is None else reply.breaches,
                failed=failed,
                spared=_spared(self._decision),
                scopes_had=None if access is None else access.had,
                scopes_used=() if access is None else access.used,
            )
        )


def _kinds(decision: Decision) -> list[tuple[int, str]]:
    return [(rule, fault.name) for rule, fault in decision.fired]


def _spared(decision: Decision) -> tuple[tuple[int, str], ...]:
    """The rules that were considered and did not fire, each with why."""
    if not decision.considered:
        return ()
    return tuple((each.rule, each.why) for each in decision.considered if not each.fired)


def _target(request: Request) -> str:
    if not request.query:
        return request.path
    return f"{request.path}?{'&'.join(f'{key}={value}' for key, value in request.query)}"


def _started(
    at: int,
    place: Place,
    *,
    method: str,
    path: str,
    sdk: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> CallStarted:
    return CallStarted(
        at=at,
        session=place.session,
        turn=place.turn,
        call=place.call,
        service=place.service,
        operation=place.operation,
        method=method,
        path=path,
        identity=place.identity,
        occurrence=place.occurrence,
        attempt=place.attempt,
        logical=place.logical,
        sdk_retry=sdk,
        headers=headers,
        body=body,
    )
