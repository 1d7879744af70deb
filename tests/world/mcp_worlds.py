"""A world with one MCP service in it, its faults and its journal, for clients of all versions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import AnyFault, Rule, Schedule, When
from evalkit.journal.records import CallEnded, CallStarted, EffectCommitted, FaultMoved, Finding
from evalkit.services import ServiceTemplate, load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.endpoint import Endpoint
from evalkit.world.world import World

T = TypeVar("T")

MAJOR = int(version("mcp").partition(".")[0])
"""Which official client there is: 1 or 2."""

TYPED = "McpError" if MAJOR == 1 else "MCPError"
"""What it calls an error of the protocol."""

URL = "https://mcp.desk.test/mcp"
MS = 1_000_000
SECOND = 1_000_000_000

DESK = """
service: mcp
hosts: [https://mcp.desk.test]
latency: 100ms
instructions: Be kind.
page: 2
tools:
  get_order:
    description: Look an order up.
    input: {type: object, properties: {id: {type: string}}, required: [id]}
    output: {type: object, properties: {status: {type: string}}, required: [status]}
    annotations: {readOnlyHint: true}
    reply: {json: {status: "{{ session.vars.status }}"}}
  create_ticket:
    input: {type: object, properties: {subject: {type: string}}, required: [subject]}
    effect: {name: ticket, key: arguments.subject, data: {id: "{{ reply.id }}"}}
    reply: {json: {id: "T-1"}}
    latency: 4s
    progress: 4
  fail: {error: "Out of {{ arguments.what | default('stock') }}."}
  draw: {reply: {content: [{type: image, data: aGk=, mimeType: image/png}]}}
  empty: {}
resources:
  desk://rules: {text: Be kind., mime: text/plain}
  desk://orders/{id}: {if: "path.id == 'A-1'", json: {id: "{{ path.id }}"}}
prompts:
  sorry:
    description: An apology.
    arguments: {order: {required: true}, tone: {}}
    messages: [{text: "Say sorry for {{ arguments.order }}, {{ arguments.tone }}."}]
"""


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    value: Any
    world: World

    @property
    def now(self) -> int:
        """World time at the end, in nanoseconds."""
        return self.world.clock.now

    def of(self, kind: type[T]) -> list[T]:
        """The records of a kind."""
        return [each for each in self.world.journal.records if isinstance(each, kind)]

    @property
    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [each.operation for each in self.of(CallStarted)]

    @property
    def failed(self) -> list[str]:
        """The operations of the calls that failed."""
        names = {each.call: each.operation for each in self.of(CallStarted)}
        return [names[each.call] for each in self.of(CallEnded) if each.failed]

    @property
    def effects(self) -> list[str]:
        """What was committed."""
        return [each.name for each in self.of(EffectCommitted)]

    @property
    def stages(self) -> list[str]:
        """What became of the faults."""
        return [each.stage.value for each in self.of(FaultMoved)]

    @property
    def complaints(self) -> list[str]:
        """What the mock could not answer, and what broke a schema."""
        told = [(each.complaint, *each.breaches) for each in self.of(CallEnded)]
        return [text for texts in told for text in texts if text is not None]

    @property
    def findings(self) -> list[str]:
        """What the world found."""
        return [each.message for each in self.of(Finding)]


def run_desk(
    main: Coroutine[Any, Any, Any],
    *faults: dict[str, Any],
    also: Mapping[str, Endpoint] | None = None,
    **changed: Any,
) -> Ran:
    """Run code that talks to the desk, on behalf of a session; faults as in a suite.

    `also` are other endpoints of the world, by host; `changed` are keys of the desk's definition.
    """
    world = World(seed=0)
    rules = tuple(_rule(index, each) for index, each in enumerate(faults))
    schedule = Schedule(rules=rules, seed=0, scenario="test")
    desk = Desk(journal=world.journal, clock=world.clock, schedule=schedule, seed=0)
    given = {**yaml.safe_load(DESK), **changed}
    service = _template(yaml.safe_dump(given, sort_keys=False)).fresh()
    world.serve("mcp.desk.test", ServiceEndpoint(service, desk))
    for host, endpoint in (also or {}).items():
        world.serve(host, endpoint)
    return Ran(world.run(_on_behalf(main)), world)


def bounded(main: Coroutine[Any, Any, Any], seconds: float = 100) -> Coroutine[Any, Any, str]:
    """How a call ends: the name of what it raises, `blocked`, or `answered`."""

    async def end() -> str:
        try:
            await asyncio.wait_for(main, seconds)
        except TimeoutError:
            return "blocked"
        except Exception as error:
            return type(error).__name__
        return "answered"

    return end()


@asynccontextmanager
async def connected(**settings: Any) -> AsyncIterator[Any]:
    """A session of the official client, initialized, as agents open one."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with (
        streamable_http_client(URL) as (read, write, *_),
        ClientSession(read, write, **settings) as session,
    ):
        await session.initialize()
        yield session


def plain(result: Any) -> Any:
    """A result of the client as JSON has it, in all versions."""
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)


async def _on_behalf(main: Coroutine[Any, Any, T]) -> T:
    CALLER.set(Caller(session="s-1", turn=1, vars={"status": "shipped"}))
    return await asyncio.create_task(main)


def _rule(index: int, fault: dict[str, Any]) -> Rule:
    injected = fault["inject"]
    listed: Sequence[Any] = injected if isinstance(injected, list) else [injected]
    faults = tuple(TypeAdapter(AnyFault).validate_python(each) for each in listed)
    return Rule.parse(index, fault["at"], When(**fault.get("when", {})), faults)


@cache
def _template(definition: str) -> ServiceTemplate:
    with TemporaryDirectory() as folder:
        (Path(folder) / "desk.yaml").write_text(definition)
        return load_service("desk", ServiceUse(use="desk.yaml"), Path(folder))
