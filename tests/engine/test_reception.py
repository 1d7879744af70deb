"""Where users of a load generator get their turns: what they are given, what is journaled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.engine.dispensing import Dispenser
from evalkit.engine.reception import Reception
from evalkit.engine.visits import Visits
from evalkit.journal.records import End, SessionEnded, SessionStarted, TurnEnded, TurnStarted
from evalkit.live.attribution import Attribution
from evalkit.suite.model import Sessions
from evalkit.wire import Caller
from evalkit.world.clock import NS, Clock
from tests.engine.test_dispensing import planned


class Plain:
    """The input is the body, and the body the reply."""

    def request(self, turn: Turn, caller: Caller) -> AgentRequest:
        return AgentRequest(method="POST", target=f"/{caller.turn}", body=turn.input.encode())

    def reply(self, response: Response) -> Reply:
        if response.status != 200:
            raise AgentFailed(f"answered {response.status}")
        return Reply(response.body.decode())


class Wire(asyncio.Transport):
    """Keeps what is written, as messages."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.told += map(json.loads, bytes(data).splitlines())

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Desk:
    """A reception with one connection to it."""

    def __init__(
        self, *, turns: int = 1, arriving: Iterator[int] | None = None, **settings: Any
    ) -> None:
        self.clock, self.records, self.ends = Clock(), [], []
        sessions = planned("a", "b")
        record = {"id": "a", "turns": [{"input": f"i{n}", "think": "1s"} for n in range(turns)]}
        sessions[0] = type(sessions[0])(
            id="a", record=type(sessions[0].record).model_validate(record), arrival=None
        )
        visits = Visits(
            settings=Sessions(items=(sessions[0].record,), turn_deadline="5s", deadline="20s"),
            attribution=Attribution(1),
            asking=Plain(),
            keep=self.records.append,
        )
        self.reception = Reception(
            clock=self.clock,
            dispenser=Dispenser(sessions),
            visits=visits,
            token="secret",
            url="http://agent",
            arriving=arriving,
            ended=lambda *ended: self.ends.append(ended),
            **settings,
        )
        self.wire = Wire()
        self.connection = self.reception.connection()
        self.connection.connection_made(self.wire)

    def say(self, **said: Any) -> dict[str, Any] | None:
        """Say something; what was answered last."""
        self.connection.data_received(json.dumps(said).encode() + b"\n")
        return self.wire.told[-1] if self.wire.told else None

    def done(self, user: str, began: int, ended: int, **said: Any) -> dict[str, Any] | None:
        found = {"status": 200, "headers": [["A", "b"]], "body": "fine", **said}
        return self.say(user=user, began=began, ended=ended, **found)


def test_a_session_is_replayed_turn_by_turn_and_journaled_with_the_users_times() -> None:
    desk = Desk(turns=2)
    desk.say(hello="secret")
    first = desk.say(user="u", ask=True)
    assert first is not None
    assert first["job"]["due"] == NS
    assert first["job"]["limit"] == 6 * NS
    assert first["job"]["body"] == "i0"
    second = desk.done("u", NS + 3, 2 * NS)
    assert second is not None
    assert (second["job"]["due"], second["job"]["target"]) == (3 * NS, "/2")
    assert desk.done("u", 3 * NS + 5, 3 * NS + 7) == {"user": "u"}
    kinds = [type(each) for each in desk.records]
    turn = [TurnStarted, TurnEnded]
    assert kinds == [SessionStarted, *turn, *turn, SessionEnded]
    assert [each.at for each in desk.records[-3:]] == [3 * NS + 5, 3 * NS + 7, 3 * NS + 7]
    assert desk.records[3].intended == 3 * NS
    assert desk.ends == [("a", End.COMPLETED, 7)]


@pytest.mark.parametrize(
    ("said", "end", "words"),
    [
        ({"status": 500}, End.FAILED, "turn 1: answered 500"),
        ({"error": "no connection"}, End.FAILED, "turn 1: no connection"),
        ({"body": " "}, End.FAILED, "turn 1: the agent's reply was empty"),
        ({"timed_out": True}, End.TIMED_OUT, "turn 1 was not answered within 5s"),
    ],
)
def test_a_turn_that_fails_ends_its_session(said: dict[str, Any], end: End, words: str) -> None:
    desk = Desk(turns=2)
    desk.say(hello="secret")
    desk.say(user="u", ask=True)
    assert desk.done("u", NS, 6 * NS, **said) == {"user": "u"}
    ended = desk.records[-1]
    assert (ended.end, ended.reason) == (end, words)


async def test_what_has_arrived_is_taken_in_at_once_however_late_that_is() -> None:
    desk = Desk(arriving=iter((0, 10, 20, 30, 9 * NS)))
    desk.say(hello="secret")
    desk.say(user="u", ask=True)
    assert desk.reception.dispenser.given == 1
    desk.clock.move_to(25)
    desk.reception._await_arrival()
    assert desk.reception.dispenser.given == 3
    desk.clock.move_to(40)
    desk.reception.close()
    assert desk.reception.dispenser.given == 4
    assert desk.reception.dropped == 3  # of which one had not been seen when it was over
    desk.clock.move_to(9 * NS)
    assert desk.reception._timer is None


async def test_arrivals_keep_their_moment_however_late_a_user_is_free() -> None:
    desk = Desk(arriving=iter(()))
    assert desk.say(hello="secret") == {"url": "http://agent"}
    assert desk.say(user="u", ask=True) == {"url": "http://agent"}  # nothing else yet
    desk.reception._arrived(10)
    assert desk.wire.told[-1]["job"]["due"] == NS + 10
    desk.reception._arrived(20)
    desk.reception._arrived(30)
    desk.clock.move_to(9 * NS)
    desk.done("u", NS + 10, 9 * NS)
    late = desk.say(user="u", ask=True)
    assert late is not None
    assert late["job"]["due"] == 20
    desk.reception.close()
    assert desk.reception.counts().dropped == 1
    assert not desk.reception.idle.is_set()
    desk.done("u", 9 * NS, 9 * NS)
    assert desk.reception.idle.is_set()
    assert desk.reception.dispenser.given == 3
    assert desk.say(user="u", ask=True) == {"user": "u"}


def test_users_that_go_are_cut_and_those_that_die_are_lost_by_name() -> None:
    desk = Desk()
    desk.say(hello="secret", name="eu-7")
    desk.say(user="u", ask=True)
    desk.say(user="v", ask=True)
    desk.say(user="u", gone=True)
    desk.connection.connection_lost(None)
    assert (desk.reception.cut, desk.reception.lost) == ({"a"}, {"b": "eu-7"})
    assert desk.reception.counts().lost_of == (("eu-7", 1),)


@pytest.mark.parametrize("alone", [True, False])
def test_when_every_generator_has_gone_it_is_over_if_nobody_else_can_tell(alone: bool) -> None:
    desk = Desk(alone_ends=alone)
    desk.say(hello="secret")
    other = desk.reception.connection()
    other.connection_made(Wire())
    other.data_received(b'{"hello": "secret"}\n')
    other.connection_lost(None)
    assert not desk.reception.early.is_set()
    desk.connection.connection_lost(None)
    assert desk.reception.early.is_set() is alone


def test_a_generator_that_is_through_ends_the_test_in_order() -> None:
    desk = Desk(alone_ends=True)
    desk.say(hello="secret")
    desk.say(over=True)
    desk.connection.connection_lost(None)
    assert desk.reception.early.is_set()
    assert desk.reception.stopped is None


def test_generators_are_told_the_time() -> None:
    desk = Desk()
    desk.say(hello="secret")
    assert desk.say(clock=77) == {"clock": 77, "now": 0}


def test_users_of_a_region_get_its_sessions_and_its_network() -> None:
    desk = Desk(rtts={"eu": 12, "us": 80})
    desk.say(hello="secret", region="us")
    for user in ("u", "v"):
        told = desk.say(user=user, ask=True)
        assert told is not None
        assert told["job"]["rtt"] == 80
        desk.done(user, NS, NS)
    started = [each.region for each in desk.records if isinstance(each, SessionStarted)]
    assert started == ["us", "us"]


async def test_an_arrival_of_a_region_waits_for_a_user_who_is_there() -> None:
    desk = Desk(arriving=iter(()), rtts={"eu": 12, "us": 80})
    desk.reception.dispenser = Dispenser(planned("a", "b"), {"eu": 1.0, "us": 0.0})
    desk.say(hello="secret", region="us")
    desk.say(user="u", ask=True)
    desk.reception._arrived(10)
    assert "job" not in desk.wire.told[-1]
    there = desk.reception.connection()
    there.connection_made(wire := Wire())
    for said in ({"hello": "secret", "region": "eu"}, {"user": "v", "ask": True}):
        there.data_received(json.dumps(said).encode() + b"\n")
    assert wire.told[-1]["job"]["due"] == 10
    assert wire.told[-1]["job"]["rtt"] == 12


def test_a_generator_of_a_region_that_is_none_is_refused_with_those_there_are() -> None:
    desk = Desk(rtts={"eu": 12})
    told = desk.say(hello="secret", region="mars")
    assert told == {"refused": "the suite has no region 'mars'; there are: eu"}
    desk.say(user="u", ask=True)
    assert desk.wire.aborted


@pytest.mark.parametrize("said", [b'{"hello": "x"}\n', b'{"user": "u", "ask": true}\n', b"GET /\n"])
def test_who_does_not_know_the_token_is_told_nothing(said: bytes) -> None:
    desk = Desk()
    desk.connection.data_received(said)
    assert desk.wire.aborted
    assert not desk.wire.told
    assert desk.reception.origin is None


def test_how_late_the_generator_is_is_measured() -> None:
    desk = Desk()
    desk.say(hello="secret")
    desk.say(late=[1_000_000] * 99 + [80_000_000])
    counts = desk.reception.counts()
    assert counts.late_p50 == pytest.approx(1_000_000, rel=0.03)
