"""Sizes that change with world time, or with the requests of a session."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evalkit.errors import SuiteError
from evalkit.faults import AnyFault
from evalkit.faults.growth import Calls, GrowingDuration, GrowingRate
from evalkit.keyed import Draw
from evalkit.suite import load_model
from evalkit.suite.model import FaultRule
from evalkit.wire import Reply, Wait
from tests.faults.test_schedule import CALL, schedule
from tests.services.running import URL, run

ANY = TypeAdapter(AnyFault)
MS = 10**6
SECOND = 10**9
MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("over", "at", "call", "size"),
    [
        ("10min", 0, 99, 2),
        ("10min", 5 * MINUTE, 1, 5),
        ("10min", 10 * MINUTE, 1, 8),
        ("10min", 99 * MINUTE, 1, 8),
        ("4 calls", 99 * MINUTE, 1, 2),
        ("4 calls", 0, 3, 5),
        ("4 calls", 0, 5, 8),
        ("4 calls", 0, 99, 8),
        ("1 call", 0, 2, 8),
    ],
)
def test_a_size_changes_evenly_and_then_stays(over, at, call, size):
    grows = GrowingDuration.model_validate({"from": "2s", "to": "8s", "over": over})
    assert grows.size(at, call) == size * SECOND
    shrinks = GrowingRate.model_validate({"from": "8/s", "to": "2/s", "over": over})
    assert shrinks.size(at, call) == pytest.approx(10 - size)


@given(st.integers(0, 10**15), st.integers(1, 10**9), st.sampled_from(["3min", "7 calls"]))
def test_it_is_never_beyond_its_ends(at, call, over):
    grows = GrowingDuration.model_validate({"to": "8s", "over": over})
    assert 0 <= grows.size(at, call) <= grows.size(at + SECOND, call + 1) <= 8 * SECOND


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"to": "8s"}, "Field required"),
        ({"to": "8s", "over": "lots"}, 'a duration like "10min", or a number of calls like'),
        ({"to": "8s", "over": "0 calls"}, "is no stretch"),
        ({"to": "8s", "over": "0s"}, "0s is no time to change in"),
        ({"to": "8s", "over": 5}, "5 is a duration without its unit"),
        ({"from": "8s", "over": "1min"}, "Field required"),
        ({"to": "8s", "over": "1min", "by": "1s"}, "Extra inputs"),
    ],
)
def test_what_does_not_say_how_it_grows_is_refused(written, message):
    with pytest.raises(ValidationError) as caught:
        ANY.validate_python({"delay": written})
    (error,) = caught.value.errors()
    assert message in error["msg"]


@pytest.mark.parametrize("over", ["10min", "50 calls"])
def test_it_is_written_back_as_it_was_read(over):
    fault = ANY.validate_python({"delay": {"from": "1s", "to": "8s", "over": over}})
    assert fault.model_dump(by_alias=True)["delay"] == {"from": "1s", "to": "8s", "over": over}
    assert ANY.validate_python(fault.model_dump()) == fault
    assert str(Calls(1)) == "1 call"


def waited(rule, **more):
    """How long a fault of this rule keeps the reply, in seconds."""
    at = more.pop("at", 0)
    decision = schedule(rule).decide(replace(CALL, **more), at)
    (fault,) = decision.faults
    reply = fault.apply(Reply.json({"id": 1}), Draw("d"))
    return sum(step.ns for step in reply.plan if isinstance(step, Wait)) / SECOND


GROWING = {"delay": {"from": "1s", "to": "9s", "over": "8min"}}


@pytest.mark.parametrize(
    ("when", "at", "seconds"),
    [
        ({}, 0, 1),
        ({}, 4 * MINUTE, 5),
        ({}, 99 * MINUTE, 9),
        # In a window it begins with the window.
        ({"window": {"from": "4min", "to": "30min"}}, 4 * MINUTE, 1),
        ({"window": {"from": "4min", "to": "30min"}}, 8 * MINUTE, 5),
    ],
)
def test_a_delay_grows_with_world_time(when, at, seconds):
    assert waited(("crm", when, GROWING), at=at) == seconds


def test_a_delay_grows_with_the_requests_of_the_operation_in_the_session():
    rule = ("crm", {}, {"delay": {"to": "4s", "over": "4 calls"}})
    seconds = [waited(rule, request_ordinal=n, logical_ordinal=1) for n in range(1, 8)]
    assert seconds == [0, 1, 2, 3, 4, 4, 4]


def test_a_body_gets_slower():
    rule = ("crm", {}, {"slow": {"from": "800/s", "to": "8/s", "over": "8min"}})
    size = len(Reply.json({"id": 1}).body())
    assert waited(rule) == pytest.approx(size / 800)
    assert waited(rule, at=8 * MINUTE) == pytest.approx(size / 8)


def test_a_share_ramps_from_the_beginning_of_the_window():
    when = {"window": {"from": "5min", "to": "1h"}, "ramp": {"to": "100%", "over": "5min"}}
    rules = schedule(("crm", when, "reset"))
    assert not rules.decide(CALL, 5 * MINUTE).fired
    assert rules.decide(CALL, 10 * MINUTE).fired


@pytest.mark.parametrize(
    ("over", "seconds"),
    [("3 calls", [0, 1, 2, 3, 3]), ("10s", [0, 1.5, 3, 3, 3])],
)
def test_a_client_sees_a_service_degrade(tmp_path, over, seconds):
    async def every_five_seconds():
        clock, took = asyncio.get_running_loop().time, []
        start = clock()
        async with httpx2.AsyncClient(base_url=URL, timeout=60) as client:
            for number in range(5):
                await asyncio.sleep(start + 5 * number - clock())
                began = clock()
                await client.get("/x")
                took.append(round(clock() - began, 6))
        return took

    definition = "service: rest\nroutes:\n  GET /x: {reply: {json: {}}}\n"
    faults = [{"at": "mock", "inject": {"delay": {"to": "3s", "over": over}}}]
    ran = run(tmp_path, {"service.yaml": definition}, every_five_seconds, faults)
    assert ran.value == seconds
    assert ran.delivered == ["delay"] * 4


def test_a_mistake_is_told_with_its_place(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text("at: crm\ninject:\n  delay:\n    to: 8s\n    over: lots\n")
    with pytest.raises(SuiteError) as caught:
        load_model(path, FaultRule)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (5, 11)
    assert 'a number of calls like "50 calls"' in problem.message
