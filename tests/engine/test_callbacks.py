"""How webhooks reach an agent, seen from the world that sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import TypeAdapter

from evalkit.agents import AgentFailed
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.living import AgentDown, Lasting, Living
from evalkit.agents.targets import target_of
from evalkit.engine.callbacks import Callbacks
from evalkit.faults import AnyFault, Rule, Schedule, When
from evalkit.journal.identity import Identities
from evalkit.journal.records import CallbackSent, FaultMissed, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.wire import Callback, Caller, Reply
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS, Clock
from evalkit.world.world import World

HOOK = "http://agent.evalkit.test/hook?k=1"


@dataclass
class Served:
    """An agent that answers as `behave` says, and keeps what it got."""

    behave: Callable[[AgentRequest], Awaitable[int]]
    got: list[tuple[str, bytes, str | None]] = field(default_factory=list)

    @property
    def receiver(self) -> Served:
        return self

    def target_of(self, url: str) -> str:
        return target_of(url)

    async def call(self, request: AgentRequest) -> Response:
        caller = CALLER.get()
        self.got.append((request.target, request.body, caller and caller.session))
        return Response(status=await self.behave(request))

    async def reply(self, turn: object) -> Any:
        raise AssertionError("this carries no turn")


async def takes(request: AgentRequest) -> int:
    return 200


class Story:
    """A world in which calls cause webhooks."""

    def __init__(self, agent: Any = None, *rules: tuple[Any, dict[str, Any]]) -> None:
        self.journal = Journal()
        self.world = World(journal=self.journal)
        self.agent = Served(takes) if agent is None else agent
        parsed = tuple(
            Rule.parse(
                at,
                "bank",
                When.model_validate(when),
                (TypeAdapter(AnyFault).validate_python(fault),),
            )
            for at, (fault, when) in enumerate(rules)
        )
        schedule = Schedule(rules=parsed, seed=0, scenario="x")
        self.identities = Identities()
        self.callbacks = Callbacks(
            journal=self.journal, clock=self.world.clock, schedule=schedule, seed=0
        )

    def cause(self, *callbacks: Callback, session: str | None = "s") -> None:
        place = self.identities.begin(session, 1, "bank", "POST /charges", "x")
        caller = None if session is None else Caller(session=session, turn=1)
        self.callbacks.take_on(place, caller, Reply(callbacks=callbacks))

    def run(self, *callbacks: Callback, process: Any = None) -> list[tuple[str, int]]:
        async def main() -> None:
            self.callbacks.reach(process or Lasting(self.agent))
            self.cause(*callbacks)
            self.callbacks.session_over("s")
            await self.callbacks.settled()

        self.world.run(main())
        return [(each.arrival.value, each.at // NS) for each in self.sent]

    @property
    def sent(self) -> list[CallbackSent]:
        return [each for each in self.journal.records if isinstance(each, CallbackSent)]


def hook(name: str = "done", after: int = 1, **more: Any) -> Callback:
    made = {"id": f"evt_{name}", "url": HOOK, "retries": (5 * NS, 5 * NS), **more}
    return Callback(name=name, body=name.encode(), after=after * NS, **made)


def test_a_webhook_reaches_the_agent_on_behalf_of_its_session():
    story = Story()
    assert story.run(hook()) == [("taken", 1)]
    assert story.agent.got == [("/hook?k=1", b"done", "s")]


def test_one_of_no_session_is_sent_too():
    story = Story()

    async def main() -> None:
        story.callbacks.reach(Lasting(story.agent))
        story.cause(hook(), session=None)
        await story.callbacks.settled()

    story.world.run(main())
    assert story.agent.got == [("/hook?k=1", b"done", None)]


async def refuses(request: AgentRequest) -> int:
    return 503


async def raises(request: AgentRequest) -> int:
    raise AgentFailed("the application raised LookupError")


async def hangs(request: AgentRequest) -> int:
    await asyncio.sleep(3600)
    return 200


@pytest.mark.parametrize(
    ("behave", "sent", "error"),
    [
        (refuses, [("refused", 1), ("refused", 6), ("refused", 11)], None),
        (raises, [("failed", 1), ("failed", 6), ("failed", 11)], "the application raised Look"),
        (hangs, [("failed", 11), ("failed", 26), ("failed", 41)], "did not answer within 10 s"),
    ],
)
def test_what_fails_is_tried_again_until_that_is_given_up(behave, sent, error):
    story = Story(Served(behave))
    assert story.run(hook()) == sent
    assert [(each.attempt, each.last) for each in story.sent] == [(1, False), (2, False), (3, True)]
    assert {each.id for each in story.sent} == {"evt_done"}
    assert (error is None) == (story.sent[0].error is None)
    assert error is None or error in str(story.sent[0].error)


class Down:
    """A process that is down for a while, or for ever."""

    def __init__(self, agent: Any, world: World, until: int | None) -> None:
        self.agent, self.world, self.until = agent, world, until

    async def living(self, limit: int) -> Living | None:
        if self.until is None:
            raise AgentDown("the agent did not come up again")
        return Living(self.agent) if self.world.clock.now >= self.until * NS else None


def test_an_agent_that_is_down_gets_the_retry():
    story = Story()
    process = Down(story.agent, story.world, 4)
    assert story.run(hook(), process=process) == [("unreachable", 1), ("taken", 6)]


@pytest.mark.parametrize(
    ("url", "served", "error"),
    [
        ("https://example.com/hook", True, "is not at the agent, whose URL is http://agent"),
        ("hook", True, "is not at the agent"),
        ("http://[", True, ""),
        (HOOK, False, "it is no `asgi` or `http` agent"),
    ],
)
def test_what_leads_nowhere_is_unreachable(url, served, error):
    story = Story(None if served else object())
    assert story.run(hook(url=url, retries=())) == [("unreachable", 1)]
    assert error in str(story.sent[0].error)


def test_an_agent_that_does_not_come_up_again_is_unreachable():
    story = Story()
    process = Down(story.agent, story.world, None)
    assert story.run(hook(retries=()), process=process) == [("unreachable", 1)]


def test_only_later_ones_overtake_and_only_in_time():
    rule = ({"callback_reordered": "10s"}, {"match": {"path": "/held"}})
    story = Story(None, rule)
    held = "http://agent.evalkit.test/held"
    story.run(hook("a", 5), hook("b", 6, url=held), hook("c", 9), hook("d", 20, url=held))
    assert [body for _, body, _ in story.agent.got] == [b"a", b"c", b"b", b"d"]
    assert [each.at // NS for each in story.sent] == [5, 9, 9, 30]
    delivered = [
        each.at // NS
        for each in story.journal.records
        if isinstance(each, FaultMoved) and each.stage is Stage.DELIVERED
    ]
    assert delivered == [9]  # the last one was late, and nothing overtook it


def test_a_retry_that_comes_too_long_after_the_session_is_not_sent():
    story = Story(Served(refuses))
    story.run(hook(retries=(3000 * NS, 3000 * NS)))
    assert [each.arrival.value for each in story.sent] == ["refused", "refused", "unsent"]
    assert story.sent[-1].error == "it was due more than 1h after the end of its session"


def test_a_copy_counts_for_nothing():
    async def once(request: AgentRequest) -> int:
        return 200 if len(story.agent.got) == 1 else 409

    story = Story(Served(once), ("callback_duplicated", {}))
    assert story.run(hook()) == [("taken", 1), ("refused", 2)]
    assert [each.fault for each in story.sent] == [None, "callback_duplicated"]


def test_the_signature_is_of_what_is_sent_and_when():
    signed = hook(signed=lambda body, wall: (("x-sig", f"{body.decode()}@{wall // NS}"),))
    seen = []

    async def keeps(request: AgentRequest) -> int:
        seen.append(dict(request.headers)["x-sig"])
        return 503

    story = Story(Served(keeps))
    story.run(signed)
    starts = story.world.clock.starts_at // NS
    assert seen == [f"done@{starts + at}" for at in (1, 6, 11)]


def test_a_fault_aimed_at_an_attempt_that_was_not_made_is_missed():
    story = Story(None, ("callback_dropped", {"attempt": 2}))
    assert story.run(hook()) == [("taken", 1)]
    (missed,) = [each for each in story.journal.records if isinstance(each, FaultMissed)]
    assert missed.reason == ("webhook done: aimed at attempt 2, but the call ended after attempt 1")


def test_a_crash_of_evalkit_itself_is_no_silence():
    async def crashes(request: AgentRequest) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Story(Served(crashes)).run(hook())


async def test_a_session_is_forgotten_once_nothing_of_it_is_under_way() -> None:
    schedule = Schedule(rules=(), seed=0, scenario="s")
    callbacks = Callbacks(journal=Journal(), clock=Clock(), schedule=schedule, seed=0)
    going = asyncio.Event()

    async def work() -> None:
        await going.wait()

    for session in ("idle", "busy", "other"):
        callbacks._identities.begin(session, 1, "crm", "webhook paid", "id")
        callbacks.session_over(session)
    callbacks._start(work(), "busy")
    callbacks.forget(["idle", "busy"])
    assert set(callbacks._timers._ends) == set(callbacks._identities._calls) == {"busy", "other"}
    going.set()
    await callbacks.settled()
    await asyncio.sleep(0)
    assert set(callbacks._identities._calls) == {"other"}
    assert not callbacks._gone
