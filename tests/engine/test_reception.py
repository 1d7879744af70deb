"""Where users of a load generator get their turns: what they are given, what is journaled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.later import Expected
from evalkit.engine.dispensing import Dispenser
from evalkit.engine.reception import Reception
from evalkit.engine.visits import Asked, Visits
from evalkit.journal.records import End, SessionEnded, SessionStarted, TurnEnded, TurnStarted
from evalkit.live.attribution import Attribution
from evalkit.suite.model import Sessions
from evalkit.wire import Caller
from evalkit.world.clock import NS, Clock
from tests.engine.test_dispensing import planned


class Plain:
    """The input is the body, and the body the reply: at once, or after a 202 once it is `there`."""

    def __init__(self) -> None:
        self.there: asyncio.Future[Response] | None = None
        self.left = 0

    @contextmanager
    def asked(self, turn: Turn, caller: Caller) -> Iterator[Asked]:
        body = turn.input.encode()
        request = AgentRequest(method="POST", target=f"/{caller.turn}", body=body)
        try:
            yield Asked(request, Expected({}, None if self.there is None else self._final))
        finally:
            self.left += 1

    async def _final(self, _: Response) -> Response:
        assert self.there is not None
        return await self.there

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
        self,
        *,
        turns: int = 1,
        arriving: Iterator[int] | None = None,
        think: str = "1s",
        turn_deadline: str = "5s",
        **settings: Any,
    ) -> None:
        self.clock, self.records, self.ends = Clock(), [], []
        self.plain, self.over = Plain(), asyncio.Event()
        sessions = planned("a", "b")
        record = {"id": "a", "turns": [{"input": f"i{n}", "think": think} for n in range(turns)]}
        sessions[0] = type(sessions[0])(
            id="a", record=type(sessions[0].record).model_validate(record), arrival=None
        )
        visits = Visits(
            settings=Sessions(
                items=(sessions[0].record,), turn_deadline=turn_deadline, deadline="20s"
            ),
            attribution=Attribution(1),
            asking=self.plain,
            keep=self.records.append,
        )
        self.reception = Reception(
            clock=self.clock,
            dispenser=Dispenser(sessions),
            visits=visits,
            token="secret",
            url="http://agent",
            arriving=arriving,
            ended=self._ended,
            **settings,
        )
        self.wire = Wire()
        self.connection = self.reception.connection()
        self.connection.connection_made(self.wire)

    def _ended(self, *ended: Any) -> None:
        self.ends.append(ended)
        self.over.set()

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


LATER = {"status": 202, "body": "{}"}


async def _followed(desk: Desk, there: Response | Exception | None) -> int:
    """A turn is answered 202 at a moment, and then followed by this, or by nothing."""
    desk.plain.there = asyncio.get_running_loop().create_future()
    now = Clock.moment(asyncio.get_running_loop().time())  # deadlines are the loop's
    desk.clock.move_to(now)
    desk.say(hello="secret")
    desk.say(user="u", ask=True)
    told = len(desk.wire.told)
    desk.done("u", now, now, **LATER)
    assert len(desk.wire.told) == told
    desk.clock.move_to(now + 7)
    if isinstance(there, Exception):
        desk.plain.there.set_exception(there)
    elif there is not None:
        desk.plain.there.set_result(there)
    await _moments()
    return now


async def _moments() -> None:
    for _ in range(9):
        await asyncio.sleep(0)


async def test_the_reply_to_a_turn_that_was_answered_202_is_what_follows() -> None:
    desk = Desk()
    now = await _followed(desk, Response(status=200, body=b"at last"))
    assert desk.wire.told[-1] == {"user": "u"}
    ended = desk.records[-2]
    assert (ended.text, ended.at) == ("at last", now + 7)
    assert [each[:2] for each in desk.ends] == [("a", End.COMPLETED)]
    assert desk.plain.left == 1


async def test_what_follows_may_fail() -> None:
    desk = Desk()
    await _followed(desk, AgentFailed("it called nobody back"))
    ended = desk.records[-1]
    assert (ended.end, ended.reason) == (End.FAILED, "turn 1: it called nobody back")


async def test_a_mistake_of_evalkits_own_leaves_no_user_waiting() -> None:
    desk = Desk()
    await _followed(desk, RuntimeError("nobody thought of that"))
    ended = desk.records[-1]
    assert ended.end is End.FAILED
    assert (
        "could not follow the agent's 202: RuntimeError('nobody thought of that')" in ended.reason
    )
    assert desk.wire.told[-1] == {"user": "u"}


async def test_what_follows_may_not_come_in_time() -> None:
    desk = Desk(think="0s", turn_deadline="20ms")
    await _followed(desk, None)
    assert not desk.ends
    await asyncio.wait_for(desk.over.wait(), 5)
    assert [each[:2] for each in desk.ends] == [("a", End.TIMED_OUT)]
    assert desk.plain.left == 1


async def test_a_user_that_leaves_waits_for_nothing_any_more() -> None:
    desk = Desk()
    await _followed(desk, None)
    desk.say(user="u", gone=True)
    assert desk.reception.cut == {"a"}
    assert desk.plain.left == 1
    await _moments()
    assert desk.plain.there is not None
    assert desk.plain.there.cancelled()


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
