"""When and in which order effects are committed."""

from __future__ import annotations

import asyncio

import pytest

from evalkit.engine.ledger import Ledger
from evalkit.journal.identity import Identities
from evalkit.journal.records import EffectCommitted
from evalkit.journal.writer import Journal
from evalkit.wire import Effect, Reply
from evalkit.world.clock import NS
from evalkit.world.world import World


class Story:
    """Takes replies on in a world, and tells what was committed in which order."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.world = World(seed=1, journal=self.journal)
        self.ledger = Ledger(journal=self.journal, clock=self.world.clock)
        self.identities = Identities()
        self.done: list[str] = []
        self.delivered: list[str] = []

    def call(self, *effects: Effect, session: str = "s", service: str = "bank") -> None:
        place = self.identities.begin(session, 1, service, "POST /charges", "x")
        self.ledger.take_on(place, Reply(effects=effects), self.delivered.append)

    def effect(self, name: str, **more: object) -> Effect:
        return Effect(name=name, commit=lambda: self.done.append(name), **more)  # type: ignore[arg-type]

    @property
    def committed(self) -> list[tuple[str, int]]:
        return [
            (each.name, each.at // NS)
            for each in self.journal.records
            if isinstance(each, EffectCommitted)
        ]


@pytest.fixture
def story() -> Story:
    return Story()


def test_effects_commit_at_once_and_in_order(story: Story) -> None:
    story.call(story.effect("a"), story.effect("b", fault="commit_twice"))
    assert story.done == ["a", "b"]
    assert story.delivered == ["commit_twice"]


def test_what_a_reply_remembers_is_taken_before_its_effects(story: Story) -> None:
    place = story.identities.begin("s", 1, "bank", "x", "x")
    reply = Reply(effects=(story.effect("a"),), taken=(lambda: story.done.append("key"),))
    story.ledger.take_on(place, reply, story.delivered.append)
    assert story.done == ["key", "a"]


def test_a_late_effect_commits_when_it_is_due(story: Story) -> None:
    async def main() -> None:
        story.call(story.effect("late", after=30 * NS, fault="commit_late"))
        story.call(story.effect("b"))
        assert (story.done, story.delivered) == (["b"], [])
        await asyncio.sleep(40)

    story.world.run(main())
    assert story.committed == [("b", 0), ("late", 30)]
    assert story.delivered == ["commit_late"]


def test_what_is_late_at_the_end_is_waited_for(story: Story) -> None:
    async def main() -> None:
        story.call(story.effect("later", after=50 * NS), story.effect("late", after=30 * NS))
        await story.ledger.settled()
        await story.ledger.settled()

    story.world.run(main())
    assert story.committed == [("late", 30), ("later", 50)]


def test_the_next_effects_of_the_session_and_service_overtake(story: Story) -> None:
    story.call(story.effect("first", overtaken=True))
    story.call()
    story.call(story.effect("elsewhere"), service="crm")
    story.call(story.effect("other"), session="t")
    assert story.done == ["elsewhere", "other"]
    story.call(story.effect("second"), story.effect("third"))
    assert story.done[2:] == ["second", "third", "first"]


def test_two_that_are_held_back_keep_their_order(story: Story) -> None:
    for name in ("a", "b"):
        story.call(story.effect(name, overtaken=True))
    story.call(story.effect("c"))
    assert story.done == ["c", "a", "b"]


def test_what_nothing_overtakes_commits_when_its_session_ends(story: Story) -> None:
    story.call(story.effect("a", overtaken=True))
    story.call(story.effect("b", overtaken=True), session="t")
    story.ledger.session_over("s")
    assert story.done == ["a"]
    story.world.run(story.ledger.settled())
    assert story.done == ["a", "b"]


def test_what_begins_while_it_settles_is_not_waited_for(story: Story) -> None:
    """An agent that goes on in the background must not keep its world alive for ever."""

    async def goes_on() -> None:
        while True:
            story.call(story.effect("more", after=10 * NS))
            await asyncio.sleep(5)

    async def main() -> None:
        story.call(story.effect("late", after=12 * NS))
        background = asyncio.create_task(goes_on())
        await story.ledger.settled()
        background.cancel()

    story.world.run(main())
    assert story.committed == [("more", 10), ("late", 12)]
