"""Memory of served mocks and of their journal after 10,000, 50,000, 100,000 and 200,000 calls: what
hours of load would do, with more calls instead of more time.

Sessions of four calls come and go, 5,000 at a time: each writes with an idempotency key of its own
and into a store of its own, asks for what it wrote, and fails once. SOAK in the environment is by
what the numbers of calls are divided.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.engine.cells import PlannedSession
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.forgetting import Forgetting
from evalkit.engine.spilling import Spill
from evalkit.faults import FAULTS, Rule, Schedule, When
from evalkit.journal.records import End, Outcome, SessionEnded, SessionStarted
from evalkit.live.attribution import Attribution
from evalkit.live.door import Door, Entrance, Lives
from evalkit.live.meter import Spread
from evalkit.suite.model import SessionRecord
from evalkit.wire import Caller, Request
from evalkit.world.clock import Clock
from evalkit.world.http import run_through
from tests.services.asking import load

SHARE = int(os.environ.get("SOAK", "1"))
CALLS = (10_000, 50_000, 100_000, 200_000)
OPEN = 5_000
PER_SECOND = 1_000
SHOP = """
service: rest
stores:
  orders: {key: id, per: session}
routes:
  POST /orders:
    effect: {name: order, key: [body.id], idempotency: Idempotency-Key}
    create: orders
  GET /orders/{id}: {read: orders}
"""


@dataclass
class Soak:
    """One served mock, and the sessions that ask it."""

    folder: Path
    block: int = 100_000
    open: int = OPEN
    clock: Clock = field(default_factory=Clock)
    calls: int = 0
    _going: deque[tuple[PlannedSession, Iterator[None]]] = field(default_factory=deque)
    _number: int = 0

    def __post_init__(self) -> None:
        self.journal = Spill(self.block)
        fault = FAULTS["status"].model_validate({"status": 503})
        rules = (Rule.parse(0, "mock GET *", When(first=1), (fault,)),)
        schedule = Schedule(rules=rules, seed=0, scenario="soak")
        self.desk = Desk(journal=self.journal, clock=self.clock, schedule=schedule, seed=0)
        self.endpoint = ServiceEndpoint(load(self.folder, SHOP).fresh(), self.desk)
        self.attribution = Attribution()
        self._to = Entrance(
            endpoint=self.endpoint, attribution=self.attribution, lives=Lives(), own=Spread()
        )
        self._forgetting = Forgetting(self._forget)

    def _forget(self, sessions: object) -> None:
        for each in (self.attribution, self.desk, self.endpoint):
            each.forget(sessions)  # type: ignore[attr-defined]

    def until(self, calls: int) -> None:
        """Go on until so many calls were made."""
        while self.calls < calls:
            while len(self._going) < self.open:
                self._begin()
            planned, steps = self._going.popleft()
            if next(steps, self) is not self:
                self._going.append((planned, steps))

    def _begin(self) -> None:
        self._number += 1
        record = SessionRecord.model_validate({"id": "s", "turns": [{"input": "a"}]})
        planned = PlannedSession(id=f"s~{self._number}", record=record, arrival=None)
        self._going.append((planned, self._steps(planned)))

    def _steps(self, planned: PlannedSession) -> Iterator[None]:
        name, now, number = planned.id, self.clock.now, int(planned.id.rpartition("~")[2])
        self.journal.append(SessionStarted(at=now, session=name, turn=None, intended=now))
        caller = Caller(session=name, turn=1)
        with self.attribution.turn(caller):
            told, at = self.attribution.headers(caller), {"host": "shop"}
            body = b'{"id": "o-%d", "note": "%s"}' % (number, b"x" * 200)
            key = ("idempotency-key", f"k-{name}")
            headers = (*told, key, ("content-type", "application/json"))
            for _ in range(2):
                self._call(Request(method="POST", path="/orders", headers=headers, body=body, **at))
                yield
            for _ in range(2):
                self._call(Request(method="GET", path=f"/orders/o-{number}", headers=told, **at))
                yield
        now = self.clock.now
        ended = SessionEnded(at=now, session=name, turn=None, end=End.COMPLETED)
        self.journal.append(ended)
        self.attribution.over(name)
        self.desk.session_over(name)
        self.journal.over(planned)
        self._forgetting.over(name, now)

    def _call(self, request: Request) -> None:
        self.calls += 1
        self.clock.move_to(self.clock.now + 1_000_000_000 // PER_SECOND)
        exchange = Door(self._to).open(request)
        reply = run_through(exchange.reply())
        assert reply is not None
        for step in reply.plan:
            exchange.played(step)
        exchange.closed(Outcome.REPLIED, 100)


def resident() -> float:
    """The memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        for calls in CALLS:
            began, before = time.perf_counter(), soak.calls
            soak.until(calls // SHARE)
            took = (time.perf_counter() - began) / (soak.calls - before) * 1e6
            gc.collect()
            known = len(soak.endpoint.service._keys._kept)  # type: ignore[attr-defined]
            print(
                f"{soak.calls:9,} calls  {resident():6.0f} MB  {len(soak.journal):9,} records, of "
                f"{soak.journal.spilled:7,} sessions in the file  {known:7,} keys remembered  "
                f"{took:5.0f} us a call"
            )
        soak.journal.close()


if __name__ == "__main__":
    main()
