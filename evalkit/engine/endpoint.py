"""A service on the network: places every call, lets the schedule decide, and journals it all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection

from evalkit.engine.desk import Desk, kinds, spared
from evalkit.engine.exchange import KEPT_BODY, Exchange
from evalkit.engine.repeated import Repeated
from evalkit.faults import ConnectFault, Connecting, Decision
from evalkit.journal.canonical import canonical
from evalkit.journal.identity import Place, sdk_retry
from evalkit.journal.records import CONNECT, CallEnded, CallStarted, Outcome, Stage
from evalkit.keyed import Draw
from evalkit.services.base import Forgets, Service
from evalkit.wire import Caller, Request
from evalkit.world.callers import CALLER
from evalkit.world.endpoint import Admission


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

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more."""
        for session in sessions:
            self._connections.pop(session, None)
            self._refused.discard(session)
        if isinstance(self.service, Forgets):
            self.service.forget(sessions)

    def connecting(self) -> Admission:
        """What becomes of a connection that the code in context opens."""
        caller = CALLER.get()
        session = None if caller is None else caller.session
        self._connections[session] += 1
        decision = self._desk.schedule.decide_connect(
            self.service.name, session, self._connections[session], self._desk.clock.now
        )
        connecting = Connecting()
        draw = Draw(
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
        desk, fired = self._desk, kinds(decision)
        place = desk.begin(caller, self.service.name, CONNECT, CONNECT)
        desk.journal.append(_connecting(desk.clock.now, place))
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
                    spared=spared(decision),
                )
            )

        return over

    def open(self, request: Request) -> Exchange:
        """Begin an exchange on behalf of the code in context."""
        desk, service, caller = self._desk, self.service, CALLER.get()
        operation = service.operation(request)
        identity = canonical(request, self._ignore)
        place = desk.begin(caller, service.name, operation, identity)
        now = desk.clock.now
        request = request.arrived(now, caller, desk.draw(place))
        desk.journal.call_began(service.name, _started, place, request, now)
        decision = desk.decide(place, request)
        if desk.schedule.rules:
            decision = self._with_connect_fault(place, decision)
        if decision.fired:
            desk.moved(Stage.SCHEDULED, place, kinds(decision))
        desk.restarts.called(place, request)
        return Exchange(service, desk, place, request, decision)

    def again(self, request: Request, caller: Caller | None) -> Repeated | None:
        """How a request of this caller is answered whenever it comes; None where it has to be
        opened.
        """
        request = request.arrived(0, caller, request.draw)
        identity = canonical(request, self._ignore)
        return Repeated.of(self.service, self._desk, request, identity, _started)

    def _with_connect_fault(self, place: Place, decision: Decision) -> Decision:
        """A session whose connections are refused must not slip in on another's open one."""
        schedule, name, now = self._desk.schedule, self.service.name, self._desk.clock.now
        if place.session is None or self._connections[place.session]:
            refused = schedule.breaks_open(name, place.session, now)
        else:
            refused = schedule.decide_connect(name, place.session, 1, now)
        return refused if refused.fired else decision


def _target(request: Request) -> str:
    return f"{request.path}?{'&'.join(f'{key}={value}' for key, value in request.query)}"


def _started(place: Place, request: Request, at: int) -> CallStarted:
    return CallStarted(
        at=at,
        session=place.session,
        turn=place.turn,
        call=place.call,
        service=place.service,
        operation=place.operation,
        method=request.method,
        path=_target(request) if request.query else request.path,
        identity=place.identity,
        occurrence=place.occurrence,
        attempt=place.attempt,
        logical=place.logical,
        sdk_retry=sdk_retry(request),
        headers=tuple(request.headers),  # without what it was looked up by
        body=request.body[:KEPT_BODY],
    )


def _connecting(at: int, place: Place) -> CallStarted:
    return CallStarted(
        at=at,
        session=place.session,
        turn=place.turn,
        call=place.call,
        service=place.service,
        operation=place.operation,
        method="",
        path="",
        identity=place.identity,
        occurrence=place.occurrence,
        attempt=place.attempt,
        logical=place.logical,
    )
