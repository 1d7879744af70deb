"""What a run journals of calls, faults and effects, seen through a real client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.journal.records import (
    CallEnded,
    CallStarted,
    EffectCommitted,
    FaultMissed,
    FaultMoved,
    Finding,
    Outcome,
    Stage,
)
from tests.engine.suites import Ran, run, sessions, write_suite

RETRIES = """
import asyncio
import os
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

async def agent(turn: Turn) -> Reply:
    for attempt in range(3):
        try:
            response = await client.post("/items", json={"id": "one"}, headers=HEADERS)
            response.raise_for_status()
            return Reply("done")
        except httpx.HTTPError as error:
            last = error
            await asyncio.sleep(1)
    return Reply(type(last).__name__, answer="degraded")

HEADERS = {"authorization": "Bearer secret-token"}
"""


SECOND = 1_000_000_000


def flaky(tmp_path: Path, *faults: dict[str, Any], agent: str = RETRIES, **parts: Any) -> Ran:
    path = write_suite(
        tmp_path,
        agent=agent,
        scenarios={"flaky": {"faults": list(faults)}},
        **{"sessions": {"items": sessions(1)}, **parts},
    )
    return run(path)


def calls(ran: Ran) -> list[tuple[int, int, int, Outcome, int | None, bool]]:
    """(call, logical, attempt, outcome, status, failed) of every call."""
    ends = {each.call: each for each in ran.of(CallEnded)}
    return [
        (
            each.call,
            each.logical,
            each.attempt,
            ends[each.call].outcome,
            ends[each.call].status,
            ends[each.call].failed,
        )
        for each in ran.of(CallStarted)
    ]


def test_retries_after_a_status_are_attempts_of_one_logical_call(tmp_path: Path) -> None:
    ran = flaky(tmp_path, {"at": "items", "when": {"attempts": [1, 2]}, "inject": {"status": 503}})
    assert calls(ran) == [
        (1, 1, 1, Outcome.REPLIED, 503, True),
        (2, 1, 2, Outcome.REPLIED, 503, True),
        (3, 1, 3, Outcome.REPLIED, 201, False),
    ]
    assert ran.texts == ["done"]


def test_a_fault_is_journaled_as_scheduled_fired_and_delivered(tmp_path: Path) -> None:
    ran = flaky(tmp_path, {"at": "items", "when": {"attempt": 1}, "inject": {"status": 503}})
    stages = [(each.call, each.fault, each.stage) for each in ran.of(FaultMoved)]
    assert stages == [(1, "status", stage) for stage in Stage]


def test_a_status_commits_nothing_and_a_lost_reply_commits(tmp_path: Path) -> None:
    refused = flaky(tmp_path, {"at": "items", "inject": {"status": 503}})
    assert refused.of(EffectCommitted) == []
    lost = flaky(tmp_path, {"at": "items", "when": {"attempt": 1}, "inject": "reset"})
    assert [(each.call, each.key) for each in lost.of(EffectCommitted)] == [
        (1, ("one",)),
        (2, ("one",)),
    ]
    assert calls(lost)[0][3:] == (Outcome.RESET, None, True)
    (finding,) = [each for each in lost.of(Finding) if each.check == "no-duplicate-effect"]
    assert finding.calls == (1, 2)


def test_a_stalled_call_is_abandoned_by_its_client_and_tried_again(tmp_path: Path) -> None:
    ran = flaky(tmp_path, {"at": "items", "when": {"attempt": 1}, "inject": "stall"})
    assert calls(ran)[0][3:] == (Outcome.ABANDONED, None, True)
    assert calls(ran)[1][:3] == (2, 1, 2)
    starts = [each.at for each in ran.of(CallStarted)]
    assert starts[1] - starts[0] == 6_000_000_000  # the client's timeout, then its own wait
    delivered = [each for each in ran.of(FaultMoved) if each.stage is Stage.DELIVERED]
    assert [each.fault for each in delivered] == ["stall"]


def test_a_fault_aimed_at_an_attempt_never_made_is_said_to_be_missed(tmp_path: Path) -> None:
    ran = flaky(tmp_path, {"at": "items", "when": {"attempt": 2}, "inject": {"status": 500}})
    assert ran.of(FaultMoved) == []
    (missed,) = ran.of(FaultMissed)
    assert "attempt 2" in missed.reason


def test_a_refused_connection_is_a_call_and_recovers(tmp_path: Path) -> None:
    ran = flaky(tmp_path, {"at": "items", "when": {"first": 2}, "inject": "refused"})
    outcomes = [(attempt, outcome) for _, _, attempt, outcome, _, _ in calls(ran)]
    assert outcomes == [
        (1, Outcome.REFUSED),
        (2, Outcome.REFUSED),
        (3, Outcome.REPLIED),
        (1, Outcome.REPLIED),
    ]
    assert ran.texts == ["done"]


def test_a_connection_given_up_while_it_is_delayed_is_a_failed_call(tmp_path: Path) -> None:
    agent = RETRIES.replace("timeout=5", "timeout=2")
    ran = flaky(tmp_path, {"at": "items", "inject": {"connect_delay": "5s"}}, agent=agent)
    assert calls(ran) == [
        (number, 1, number, Outcome.ABANDONED, None, True) for number in (1, 2, 3)
    ]
    moments = [record.at for record in ran.records if not isinstance(record, Finding)]
    assert moments == sorted(moments)
    assert [each.at for each in ran.of(CallEnded)] == [2 * SECOND, 5 * SECOND, 8 * SECOND]


def test_a_refused_session_does_not_slip_in_on_an_open_connection(tmp_path: Path) -> None:
    ran = flaky(
        tmp_path,
        {"at": "items", "when": {"share": "50%"}, "inject": "refused"},
        sessions={"items": sessions(20), "concurrency": 1},
    )
    hit = {each.session for each in ran.of(FaultMoved)}
    assert 0 < len(hit) < 20
    answered = {each.session for each in ran.of(CallEnded) if each.outcome is Outcome.REPLIED}
    assert hit.isdisjoint(answered)


HARD_CODED = """
import httpx
from evalkit import Turn

async def agent(turn: Turn) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get("https://api.example.com/items/9")).json()["id"]
"""


def test_a_hard_coded_https_host_reaches_its_service(tmp_path: Path) -> None:
    ran = run(write_suite(tmp_path, agent=HARD_CODED, sessions={"items": sessions(1)}))
    assert ran.texts == ["9"]


@pytest.mark.parametrize("host", ["https://api.elsewhere.com", "http://127.0.0.1:9"])
def test_any_other_host_is_refused_and_found(tmp_path: Path, host: str) -> None:
    agent = HARD_CODED.replace("https://api.example.com", host)
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(1)}))
    assert ran.ends == {"s0": "failed"}
    (finding,) = ran.of(Finding)
    assert finding.check == "no-unmocked-egress"
    assert host.partition("://")[2].partition(":")[0] in finding.message


def test_a_request_that_no_route_answers_is_found_with_the_nearest(tmp_path: Path) -> None:
    agent = HARD_CODED.replace("/items/9", "/item/9")
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(1)}))
    found = [each for each in ran.of(Finding) if each.check == "no-unmatched-request"]
    assert len(found) == 1
    assert "GET /items/{id}" in f"{found[0].message} {found[0].seen} {found[0].expected}"
