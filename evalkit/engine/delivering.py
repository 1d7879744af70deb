"""One attempt to deliver a webhook to the agent, through its own endpoint."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from contextvars import Context
from dataclasses import dataclass

from evalkit.agents import AgentFailed
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.living import AgentDown, Living, Process
from evalkit.agents.receiving import Receiver, Tells, receiver_of
from evalkit.faults.callbacks import Signed
from evalkit.journal.records import Arrival
from evalkit.wire import Callback, Caller
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS, Clock
from evalkit.world.lives import LIFE

USER_AGENT = "evalkit-webhooks"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of an attempt."""

    arrival: Arrival
    status: int | None = None
    error: str | None = None


def signed(callback: Callback, wall: int) -> Signed:
    """What is sent of a webhook at a wall time in nanoseconds since 1970."""
    signing = () if callback.signed is None else callback.signed(callback.body, wall)
    headers = (("user-agent", USER_AGENT), *callback.headers, *signing)
    return Signed(callback.body, headers, frozenset(name for name, _ in signing))


async def deliver(
    process: Process | None, callback: Callback, what: Signed, caller: Caller | None, clock: Clock
) -> Arrived:
    """Send it, and wait for the answer as long as its sender does."""
    try:
        living = None if process is None else await process.living(clock.now)
    except AgentDown as error:
        return Arrived(Arrival.UNREACHABLE, error=str(error))
    if living is None:
        return Arrived(Arrival.UNREACHABLE, error="the agent is down")
    receiver = receiver_of(living.agent)
    if receiver is None:
        why = "the agent is not served: it is no `asgi` or `http` agent"
        return Arrived(Arrival.UNREACHABLE, error=why)
    try:
        target = receiver.target_of(callback.url)
    except ValueError as error:
        return Arrived(Arrival.UNREACHABLE, error=str(error))
    request = _request(target, what)
    return await _sent(receiver, living, request, callback.timeout, caller)


async def _sent(
    receiver: Receiver, living: Living, request: AgentRequest, patience: int, caller: Caller | None
) -> Arrived:
    context = Context()
    context.run(CALLER.set, caller)
    context.run(LIFE.set, living.life)
    call = receiver.call(request)
    task = asyncio.get_running_loop().create_task(call, context=context)
    telling = receiver.telling(caller) if caller and isinstance(receiver, Tells) else nullcontext()
    with telling:
        try:
            done, _ = await asyncio.wait({task}, timeout=patience / NS)
        finally:
            task.cancel()
    if not done:
        await asyncio.wait({task}, timeout=1)
        seconds = f"{patience / NS:g}"
        return Arrived(Arrival.FAILED, error=f"the agent did not answer within {seconds} s")
    return _outcome(task)


def _outcome(task: asyncio.Task[Response]) -> Arrived:
    if task.cancelled():
        return Arrived(Arrival.FAILED, error="the agent died over it")
    error = task.exception()
    if isinstance(error, AgentFailed | UnicodeError):
        return Arrived(Arrival.FAILED, error=str(error))
    if error is not None:
        raise error
    status = task.result().status
    arrival = Arrival.TAKEN if 200 <= status < 300 else Arrival.REFUSED
    return Arrived(arrival, status=status)


def _request(target: str, what: Signed) -> AgentRequest:
    length = ("content-length", str(len(what.body)))
    return AgentRequest(
        method="POST", target=target, headers=(*what.headers, length), body=what.body
    )
