"""The table of what the bridge carries, held against every fault in small."""

from __future__ import annotations

from dataclasses import dataclass
from threading import RLock
from typing import Any

import httpcore
import httpx
import pytest

from evalkit.faults import Schedule
from evalkit.testing import BRIDGE, Carries
from evalkit.testing.bridge.serving import Serving
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from tests.live.catalogue import BREAKING, CALLER_, SAYING, Case, Told, served, told

CASES = [each for each in (*BREAKING, *SAYING) if BRIDGE[each.name] is not Carries.REFUSED]
SMALLER = {"wrong_length": -9}
"""A length that is too small cuts a body off: no client is the wiser."""


@dataclass(frozen=True)
class Came:
    """What a client has: status, headers and the parts of the body, or an exception's name."""

    response: tuple[int, list[tuple[str, str]], list[bytes]] | None
    raised: str | None
    journal: Told


def came(case: Case, *, faulty: bool) -> Came:
    """What comes over the bridge."""
    clock = Clock(0)
    endpoint, desk, ask = served(case, clock)
    if not faulty:
        desk.schedule = Schedule(rules=(), seed=0, scenario="test")
    request = httpx.Request(
        ask.method,
        f"http://mock.evalkit.test{ask.path}",
        content=ask.body,
        headers=dict(ask.headers),
        extensions={"timeout": dict.fromkeys(("connect", "read"), ask.timeout)},
    )
    token = CALLER.set(CALLER_)
    response: Any = None
    raised = None
    try:
        reply = Serving(endpoint, clock, RLock())(request)
        response = reply.status_code, reply.headers.multi_items(), list(reply.iter_raw())
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        raised = type(error).__name__
    finally:
        CALLER.reset(token)
    return Came(response, raised, told(desk.journal))


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.id)
def test_a_fault_comes_as_the_table_says(case: Case) -> None:
    sound, got = came(case, faulty=False), came(case, faulty=True)
    assert sound.raised is None
    assert got.journal.delivered >= 1
    carried = Carries.RESPONSE if case.fault == SMALLER else BRIDGE[case.name]
    match carried:
        case Carries.EXCEPTION:
            assert got.raised in {"ReadError", "ConnectError", "RemoteProtocolError"}
        case Carries.TIMEOUT if case.later >= case.ask.timeout:
            assert got.raised in {"ReadTimeout", "ConnectTimeout"}
        case Carries.TIMEOUT:
            assert got.response == sound.response
        case Carries.LEDGER:
            assert got.response == sound.response
            assert got.journal.effects != sound.journal.effects
        case _:
            assert got.response is not None
            assert got.response != sound.response


def test_every_fault_that_is_carried_is_tried() -> None:
    carried = {name for name, how in BRIDGE.items() if how is not Carries.REFUSED}
    assert {each.name for each in CASES} == carried
