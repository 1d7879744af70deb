"""Replacing or reframing a reply's body: what several faults of bytes have in common."""

from __future__ import annotations

from dataclasses import replace

from evalkit.faults.steps import waits_before
from evalkit.wire import Head, Headers, Reply, Send, Step


def without(headers: Headers, *names: str) -> Headers:
    """The headers without those of these names (in lower case)."""
    return tuple(pair for pair in headers if pair[0].lower() not in names)


def in_chunks(reply: Reply) -> Reply:
    """The reply with its body in chunks, so that more of it can come than was announced."""
    return replace(reply, headers=without(reply.headers, "content-length"), chunked=True)


def with_body(reply: Reply, body: bytes, fault: str, *, content_type: str | None = None) -> Reply:
    """The reply with another body, in one piece and with its length, when its first byte was due.

    To receive it is the fault delivered. An empty one is delivered with the head.
    """
    headers = without(reply.headers, "content-length", "content-encoding")
    if content_type is not None:
        headers = (*without(headers, "content-type"), ("content-type", content_type))
    plan: tuple[Step, ...] = (Head(None if body else fault),)
    plan += (Send(body, fault),) if body else ()
    return replace(
        reply,
        headers=(*headers, ("content-length", str(len(body)))),
        chunked=False,
        plan=(*waits_before(reply), *plan),
    )


def at_byte(reply: Reply, place: int, *steps: Step) -> Reply:
    """The reply with steps put in before the byte at `place` of its body, at its end if it has
    fewer. What followed follows still.
    """
    plan: list[Step] = []
    put = False
    for step in reply.plan:
        if isinstance(step, Send) and not put and place < len(step.data):
            before, after = step.data[:place], step.data[place:]
            plan += [replace(step, data=before, whole=False)] if before else []
            plan += [*steps, replace(step, data=after)]
            put = True
            continue
        plan.append(step)
        place -= len(step.data) if isinstance(step, Send) else 0
    return replace(reply, plan=tuple(plan if put else (*plan, *steps)))


def overwritten(reply: Reply, place: int, byte: bytes, fault: str) -> Reply:
    """The reply with another byte at `place` of its body: to receive it is the fault delivered."""
    plan: list[Step] = []
    for step in reply.plan:
        if isinstance(step, Send):
            plan += _overwritten(step, place, Send(byte, fault))
            place -= len(step.data)
        else:
            plan.append(step)
    return replace(reply, plan=tuple(plan))


def _overwritten(step: Send, place: int, wrong: Send) -> list[Step]:
    """The step in up to three, so that only the wrong byte bears the fault's name."""
    if not 0 <= place < len(step.data):
        return [step]
    before, after = step.data[:place], step.data[place + 1 :]
    parts = (replace(step, data=before, whole=False), wrong, replace(step, data=after))
    return [part for part in parts if part.data]
