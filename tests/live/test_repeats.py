"""What comes again, byte for byte, is answered and journaled as it was when it was new."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Rule, Schedule, When
from evalkit.faults.status import Status
from evalkit.journal.plain import TIMES, Plainer
from evalkit.live.world import LiveWorld
from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller
from tests.live.worlds import entrance

CREATED = re.compile(rb'"created":\d{10}')
ASKED = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "100%% sure"}]}'
SAYS = 'rules:\n  - reply: {text: "100% {{ session.id }} {{ session.vars.x | default(0) }}"}\n'
CALLS = "rules:\n  - reply: {calls: [{name: look, arguments: {a: 1}}]}\n"


def post(session: str = "s-1", body: bytes = ASKED, path: str = "/v1/chat/completions") -> bytes:
    """A request as it comes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer sk-x\r\nbaggage: evalkit.session={session}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sink(asyncio.Transport):
    """Takes what is written, and says that some of it is unsent."""

    def __init__(self, unsent: int = 0) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = unsent

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(CREATED.sub(b'"created":0', bytes(data)))

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Served:
    """A model that is served, and one connection to it."""

    def __init__(self, folder: Path, *, script: str = SAYS, more: str = "", faults=(), unsent=0):
        (folder / "llm.yaml").write_text(f"service: openai\n{more}")
        (folder / "script.yaml").write_text(script)
        use = ServiceUse(use="llm.yaml", script="script.yaml")
        self.world = LiveWorld()
        self.world.attribution.strangers = True
        schedule = Schedule(rules=tuple(faults), seed=0, scenario="served")
        world = self.world
        desk = Desk(journal=world.journal, clock=world.clock, schedule=schedule, seed=0)
        endpoint = ServiceEndpoint(load_service("llm", use, folder).fresh(), desk)
        self.entrance = entrance(world, endpoint)
        self.sink = Sink(unsent)

    async def ask(self, *requests: bytes) -> list[bytes]:
        """What is answered to requests, one after the other."""
        connection = self.world.network.connection(self.entrance)
        connection.connection_made(self.sink)
        for each in requests:
            connection.data_received(each)
        assert not self.world.network.crashes
        return self.sink.written

    @property
    def known(self) -> int:
        """How many requests need not be opened."""
        repeats = self.entrance.repeats
        assert repeats is not None
        return sum(again is not None for again, _ in repeats._known.values())

    @property
    def journaled(self) -> list[dict[str, object]]:
        """What the journal holds but for times."""
        plainer = Plainer()
        return [
            {key: value for key, value in plainer.record(each).items() if key not in TIMES}
            for each in self.world.journal.records
        ]


def normal(journaled: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same without the moments in bodies."""
    return [
        {**each, "body": re.sub(r'"created":\d{10}', "", str(each.get("body")))}
        for each in journaled
    ]


def test_it_is_answered_and_journaled_as_by_an_endpoint_that_opens_every_request(tmp_path):
    requests = [post(), post(), post("s-2"), post(), post("s-2"), post("s-2"), post()]
    one, other = Served(tmp_path), Served(tmp_path, unsent=1)  # which keeps it from being answered
    first, second = asyncio.run(one.ask(*requests)), asyncio.run(other.ask(*requests))
    assert (one.known, other.known) == (2, 0)
    assert first == second
    assert len(set(first)) == len(requests)
    assert normal(one.journaled) == normal(other.journaled)
    assert one.world.attribution.counts == other.world.attribution.counts == {"baggage": 7}
    assert b"100% s-1 0" in first[0]


@pytest.mark.parametrize(
    "served",
    [
        {"script": CALLS},  # ids of calls are made in a way of their own
        {"more": "rate_limit: {requests: 100}\n"},
        {"more": "latency: 1ms\n"},
        {"faults": [Rule.parse(0, "llm", When(call=50), (Status(status=503),))]},
    ],
)
def test_what_differs_in_more_than_what_is_drawn_is_opened_each_time(tmp_path, served):
    model = Served(tmp_path, **served)
    asyncio.run(model.ask(*[post()] * 4))
    assert model.known == 0


def test_who_asks_is_found_out_again_when_that_may_have_changed(tmp_path):
    model = Served(tmp_path)

    async def main() -> list[bytes]:
        await model.ask(*[post()] * 3)
        model.world.attribution.known(Caller(session="s-1", turn=1, vars={"x": 7}))
        return await model.ask(*[post()] * 3)

    said = [re.search(rb"100% [^\"]*", each)[0] for each in asyncio.run(main())]
    assert said == [b"100% s-1 0"] * 3 + [b"100% s-1 7"] * 3


def test_a_part_of_a_request_is_never_taken_for_a_whole_one(tmp_path):
    model, whole = Served(tmp_path), post()
    parts = [whole[:-10], whole[-10:], whole[:40], whole[40:]]
    answers = asyncio.run(model.ask(whole, whole, whole, *parts, whole, whole + whole))
    assert len(answers) == 8
    assert all(each.startswith(b"HTTP/1.1 200") for each in answers)
