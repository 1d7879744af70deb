"""The ledger against a plain model: whatever is late, held back, doubled or over, in any order."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.engine.ledger import Ledger
from evalkit.journal.identity import Identities
from evalkit.journal.records import EffectCommitted
from evalkit.journal.writer import Journal
from evalkit.wire import Effect, Reply
from evalkit.world.clock import NS
from evalkit.world.world import World

SESSIONS, SERVICES = st.sampled_from("st"), st.sampled_from(["bank", "crm"])
KINDS = st.lists(
    st.sampled_from(["now", "held"]) | st.integers(1, 9).map(lambda n: n * NS), max_size=3
)
STEPS = st.lists(
    st.tuples(st.just("call"), SESSIONS, SERVICES, KINDS)
    | st.tuples(st.just("wait"), st.integers(1, 5))
    | st.tuples(st.just("over"), SESSIONS),
    max_size=25,
)


def numbered(steps: list[Any]) -> list[Any]:
    """The steps with a name for each effect; no two late ones are due at one moment."""
    found, count = [], 0
    for step in steps:
        if step[0] != "call":
            found.append(step)
            continue
        kinds = []
        for kind in step[3]:
            count += 1
            kinds.append((f"e{count}", kind if isinstance(kind, str) else kind + count))
        found.append((*step[:3], kinds))
    return found


class Model:
    """What is committed when, in nanoseconds."""

    def __init__(self) -> None:
        self.now = 0
        self.done: list[tuple[str, int]] = []
        self.late: list[tuple[int, str]] = []
        self.held: dict[tuple[str, str], list[str]] = {}

    def commit(self, *names: str) -> None:
        self.done += [(name, self.now) for name in names]

    def pass_to(self, moment: int) -> None:
        for due, name in sorted(self.late):
            if due <= moment:
                self.now = due
                self.commit(name)
                self.late.remove((due, name))
        self.now = moment

    def call(self, session: str, service: str, kinds: list[Any]) -> None:
        place = (session, service)
        overtaken = self.held.pop(place, []) if "now" in [kind for _, kind in kinds] else []
        for name, kind in kinds:
            if kind == "held":
                self.held.setdefault(place, []).append(name)
            elif kind == "now":
                self.commit(name)
            else:
                self.late.append((self.now + kind, name))
        self.commit(*overtaken)

    def over(self, session: str | None = None) -> None:
        for place in [each for each in self.held if session in (None, each[0])]:
            self.commit(*self.held.pop(place))


def expected(steps: list[Any]) -> list[tuple[str, int]]:
    model = Model()
    for step in steps:
        if step[0] == "wait":
            model.pass_to(model.now + step[1] * NS)
        elif step[0] == "over":
            model.over(step[1])
        else:
            model.call(*step[1:])
    model.over()
    model.pass_to(model.now + 10 * NS)
    return model.done


def committed(steps: list[Any]) -> list[tuple[str, int]]:
    journal, identities = Journal(), Identities()
    world = World(seed=1, journal=journal)
    ledger = Ledger(journal=journal, clock=world.clock)
    commits: list[str] = []

    def effect(name: str, kind: Any) -> Effect:
        after, held = (0, kind == "held") if isinstance(kind, str) else (kind, False)
        commit = lambda: commits.append(name)  # noqa: E731
        return Effect(name=name, after=after, overtaken=held, commit=commit)

    async def main() -> None:
        for step in steps:
            if step[0] == "wait":
                await asyncio.sleep(step[1])
            elif step[0] == "over":
                ledger.session_over(step[1])
            else:
                place = identities.begin(step[1], 1, step[2], "POST /x", "x")
                effects = tuple(effect(*each) for each in step[3])
                ledger.take_on(place, Reply(effects=effects), lambda _: None)
        await ledger.settled()

    world.run(main())
    found = [each for each in journal.records if isinstance(each, EffectCommitted)]
    assert [each.name for each in found] == commits
    return [(each.name, each.at) for each in found]


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_everything_is_committed_once_and_in_its_order(steps: list[Any]) -> None:
    steps = numbered(steps)
    assert committed(steps) == expected(steps)
