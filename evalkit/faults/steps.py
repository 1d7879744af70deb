"""Cutting a reply's plan at a byte: what several faults have in common."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import Annotated, Literal, TypeAlias

from pydantic import PlainValidator

from evalkit.units import Size, parse_size
from evalkit.wire import ENDS_CONNECTION, Cut, Head, Raw, Reply, Send, Step, Wait


def _at_once_or_size(value: object) -> bool | int:
    """`true` is not the number 1, which a union of the two would make of it."""
    return True if value is True else parse_size(value)


AtOnceOrAfter: TypeAlias = Annotated[
    Literal[True] | int,
    PlainValidator(_at_once_or_size, json_schema_input_type=Literal[True] | Size),
]


def waits_before(reply: Reply) -> tuple[Step, ...]:
    """The waits that come before the first byte."""
    return tuple(takewhile(lambda step: isinstance(step, Wait), reply.plan))


def mark_head(reply: Reply, fault: str) -> Reply:
    """The reply whose head, once received, is this fault delivered."""
    plan = tuple(
        replace(step, fault=step.fault or fault) if isinstance(step, Head) else step
        for step in reply.plan
    )
    return replace(reply, plan=plan)


def instead(reply: Reply, other: Reply, fault: str) -> Reply:
    """The other reply at the time of this one; to receive its head is this fault delivered."""
    plan = (*waits_before(reply), *other.plan)
    return mark_head(replace(other, plan=plan, route=other.route or reply.route), fault)


def break_off(reply: Reply, after: int, end: Step) -> Reply:
    """The reply, ended by `end` once `after` bytes of its body are out.

    Head, length and framing stay as declared. A reply that is complete by then stays as it is: its
    client would not notice.
    """
    owed = _body_bytes(reply.plan)
    if after > owed or (after == owed and not _noticed_at_end(reply, end)):
        return reply
    return replace(reply, plan=(*_first_bytes(reply.plan, after), end))


def break_off_at_once(reply: Reply, end: Step) -> Reply:
    """The reply, ended by `end` where its first byte was due."""
    return replace(reply, plan=(*waits_before(reply), end))


def _body_bytes(plan: tuple[Step, ...]) -> int:
    played = takewhile(lambda step: not isinstance(step, ENDS_CONNECTION), plan)
    return sum(len(step.data) for step in played if isinstance(step, (Send, Raw)))


def _noticed_at_end(reply: Reply, end: Step) -> bool:
    """Whether a client that has the whole body still waits for a sign that this was all."""
    if reply.chunked:
        return True
    has_length = any(name.lower() == "content-length" for name, _ in reply.headers)
    return not has_length and not isinstance(end, Cut)


def _first_bytes(plan: tuple[Step, ...], count: int) -> list[Step]:
    kept: list[Step] = []
    head_sent = False
    for step in plan:
        if isinstance(step, (Send, Raw)):
            part = replace(step, data=step.data[:count])
            count -= len(part.data)
            kept.append(part)
        else:
            head_sent = head_sent or isinstance(step, Head)
            kept.append(step)
        if head_sent and count == 0:
            break
    return kept
