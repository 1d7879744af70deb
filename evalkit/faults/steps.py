"""Cutting a reply's plan at a byte: what several faults have in common."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile
from typing import Annotated, Literal, TypeAlias

from pydantic import PlainValidator

from evalkit.faults.events import bytes_of_events, bytes_of_tokens
from evalkit.units import Size, parse_size
from evalkit.wire import ENDS_CONNECTION, Cut, Head, Raw, Reply, Send, Step, Wait

_IN_STREAM = re.compile(r"(\d+) ?(token|event)s?")


def _after(value: object) -> int | str:
    if isinstance(value, str) and (found := _IN_STREAM.fullmatch(value.strip())):
        return f"{found[1]} {found[2]}s"
    try:
        return parse_size(value)
    except ValueError as error:
        raise ValueError(f"{error}, or a place in a stream like 5 tokens or 3 events") from None


def _at_once_or_after(value: object) -> bool | int | str:
    """`true` is not the number 1, which a union of the two would make of it."""
    return True if value is True else _after(value)


After: TypeAlias = Annotated[int | str, PlainValidator(_after, json_schema_input_type=Size)]
"""Bytes of the body, or a place in a stream: `120`, `2kB`, `5 tokens`, `3 events`."""

AtOnceOrAfter: TypeAlias = Annotated[
    Literal[True] | int | str,
    PlainValidator(_at_once_or_after, json_schema_input_type=Literal[True] | Size),
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


def break_off(reply: Reply, after: int | str, end: Step) -> Reply:
    """The reply, ended by `end` once `after` bytes of its body, or tokens or events, are out.

    Head, length and framing stay as declared. A reply that is complete by then stays as it is: its
    client would not notice.
    """
    place = _place(reply, after)
    return reply if place is None else _break_off(reply, place, end)


def _place(reply: Reply, after: int | str) -> int | None:
    if isinstance(after, int):
        return after
    count, _, unit = after.partition(" ")
    if unit == "events":
        return bytes_of_events(reply, int(count))
    return None if reply.speech is None else bytes_of_tokens(reply, reply.speech, int(count))


def _break_off(reply: Reply, after: int, end: Step) -> Reply:
    owed = _body_bytes(reply.plan)
    if after > owed or (after == owed and not _noticed_at_end(reply, end)):
        return reply
    return replace(reply, plan=(*first_bytes(reply.plan, after), end))


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


def first_bytes(plan: tuple[Step, ...], count: int) -> list[Step]:
    """The plan as far as so many bytes of the body, with the head."""
    kept: list[Step] = []
    head_sent = False
    for step in plan:
        if isinstance(step, (Send, Raw)):
            part = replace(step, data=step.data[:count])
            if isinstance(part, Send) and len(step.data) > count:
                part = replace(part, whole=False)
            count -= len(part.data)
            kept.append(part)
        else:
            head_sent = head_sent or isinstance(step, Head)
            kept.append(step)
        if head_sent and count == 0:
            break
    return kept
