"""What services remember is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.engine import serving
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Schedule
from evalkit.journal import identity
from evalkit.journal.identity import Identities
from evalkit.journal.writer import Journal
from evalkit.services.latest import Latest
from evalkit.services.rest import idempotency
from evalkit.wire import Caller, Reply, Request
from evalkit.world.clock import Clock
from tests.services.asking import load

SHOP = """
service: rest
stores:
  orders: {key: id, per: session}
  items: {key: id, per: world}
queues:
  work: {lease: 30s}
routes:
  POST /orders:
    effect: {name: order, key: [body.id], idempotency: Idempotency-Key}
    create: orders
  GET /orders/{id}: {read: orders}
  POST /items: {create: items}
  GET /items/{id}: {read: items}
"""


def test_the_latest_are_kept_and_the_first_go_first() -> None:
    table: Latest[str, int] = Latest(3)
    for number, name in enumerate("abcbd"):
        table[name] = number
    assert dict(table) == {"b": 3, "c": 2, "d": 4}


@pytest.fixture
def some(tmp_path: Path) -> ServiceEndpoint:
    schedule = Schedule(rules=(), seed=0, scenario="s")
    desk = Desk(journal=Journal(), clock=Clock(), schedule=schedule, seed=0)
    return ServiceEndpoint(load(tmp_path, SHOP).fresh(), desk)


def _asked(
    endpoint: ServiceEndpoint, session: str | None, method: str, path: str, key: str = "k"
) -> Reply:
    caller = None if session is None else Caller(session=session, turn=1)
    headers = (("content-type", "application/json"), ("idempotency-key", f"{key}-{session}"))
    body = b'{"id": "%s"}' % (b"o" if key == "k" else key.encode()) if method == "POST" else b""
    request = Request(method=method, path=path, host="mock", headers=headers, body=body)
    reply = endpoint.service.answer(request.arrived(0, caller, request.draw))  # type: ignore[attr-defined]
    for taken in reply.taken:
        taken()
    for effect in reply.effects:
        if effect.commit is not None:
            effect.commit()
    return reply


def test_what_is_a_sessions_own_goes_with_it_and_what_is_of_all_stays(
    some: ServiceEndpoint,
) -> None:
    for session in ("a", "b"):
        assert _asked(some, session, "POST", "/orders").status == 201
    assert _asked(some, "a", "POST", "/items").status == 201
    replayed = _asked(some, "b", "POST", "/orders")
    assert ("idempotent-replayed", "true") in replayed.headers
    some.forget(["a"])
    assert _asked(some, "a", "GET", "/orders/o").status == 404
    assert _asked(some, "b", "GET", "/orders/o").status == 200
    assert _asked(some, "b", "GET", "/items/o").status == 200
    again = _asked(some, "a", "POST", "/orders")
    assert again.status == 201
    assert ("idempotent-replayed", "true") not in again.headers


def test_of_requests_of_no_session_the_latest_are_known(
    some: ServiceEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_STRANGE", 3)
    for number in range(8):
        _asked(some, None, "POST", "/orders", key=f"k{number}")
    known = some.service._keys._kept  # type: ignore[attr-defined]
    assert [key for _, key in known] == [f"k{number}-None" for number in range(3, 8)]


def test_of_sessions_that_callers_name_the_latest_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "_SESSIONS", 3)
    gone: list[str] = []
    schedule = Schedule(rules=(), seed=0, scenario="s")
    desk = serving.ServedDesk(
        gone.extend, journal=serving.Tally(), clock=Clock(), schedule=schedule, seed=0
    )
    for name in ("a", "b", "a", "c", "d", "e"):
        desk.begin(Caller(session=name, turn=1), "crm", "GET /", "same")
    assert gone == ["a", "b"]
    assert set(desk.identities._calls) == {"c", "d", "e"}
    for name in ("c", "a"):  # one is known still, the other counts anew
        place = desk.begin(Caller(session=name, turn=1), "crm", "GET /", "same")
        assert place.call == (2 if name == "c" else 1)


def test_complaints_that_never_repeat_are_counted_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "_COMPLAINTS", 2)
    tally = serving.Tally()
    for number in (1, 2, 3, 4, 1):
        tally.call_ended("crm", failed=True, complaint=f"no route for /{number}", make=None)  # type: ignore[arg-type]
    assert tally.complaints == {
        "crm: no route for /1": 2,
        "crm: no route for /2": 1,
        "crm: others": 2,
    }


def test_of_calls_of_no_session_the_latest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_STRANGE", 10)
    identities = Identities()
    for number in range(100):
        place = identities.begin(None, None, "crm", "GET /", f"request {number}")
        identities.end(place, failed=True)
    assert len(identities._occurrences) <= 20
    assert len(identities._failed) <= 20
    again = identities.begin(None, None, "crm", "GET /", "request 99")
    assert (again.attempt, again.call) == (2, 101)
