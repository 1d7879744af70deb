"""Leaving parts out of a reply that is written: of its one JSON, or of the events of its stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from evalkit.services.bodies import json_bytes
from evalkit.services.llm.dialect import MARKS, Dialect, Mark, Told
from evalkit.wire import Reply, Send, Step, Telling


def without(reply: Reply, part: Telling, dialect: Dialect, fault: str | None) -> Reply:
    """The reply without a part; the same one where it holds none.

    To receive what was changed, or what follows what was left out, is the fault delivered.
    """
    plan = tuple(_edited(reply.plan, part, dialect, fault))
    if plan == reply.plan:
        return reply
    if fault is not None and not any(step.fault == fault for step in plan):
        plan = _marked_last(plan, fault)
    length = str(sum(len(step.data) for step in plan if isinstance(step, Send)))
    headers = tuple(
        (name, length if name == "content-length" else value) for name, value in reply.headers
    )
    return replace(
        reply, plan=plan, headers=headers, usage=None if part == "usage" else reply.usage
    )


def told(data: bytes) -> Told | None:
    """The JSON object of an event or a body; None where there is none."""
    begin, end = data.find(b"{"), data.rfind(b"}")
    try:
        value = json.loads(data[begin : end + 1]) if begin >= 0 else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def ended_by(reply: Reply, ends_with: Sequence[Mark], dialect: Dialect) -> Reply:
    """The stream with these of the marks that can end it and no others, the last told as that."""
    left_out = [mark for mark in MARKS if mark not in ends_with]
    for mark in left_out:
        reply = without(reply, mark, dialect, None)
    plan = list(reply.plan)
    for place in reversed(range(len(plan))):
        step = plan[place]
        # With nothing left out the last event is the end, and need not be read.
        if isinstance(step, Send) and (not left_out or _ends(step.data, ends_with, dialect)):
            plan[place] = replace(step, whole=True)
            break
    return replace(reply, plan=tuple(plan))


def _ends(data: bytes, ends_with: Sequence[Mark], dialect: Dialect) -> bool:
    if "done" in ends_with and dialect.done(data):
        return True
    value = told(data) if "finish" in ends_with else None
    return value is not None and dialect.without("finish", value) != value


def _edited(
    plan: Sequence[Step], part: Telling, dialect: Dialect, fault: str | None
) -> Iterator[Step]:
    owed = None
    for step in plan:
        if not isinstance(step, Send) or not step.data:
            yield step
            continue
        data = _left(step.data, part, dialect)
        if data is None:
            owed = fault
        elif data != step.data:
            yield replace(step, data=data, fault=step.fault or fault)
        else:
            yield replace(step, fault=step.fault or owed)
            owed = None


def _left(data: bytes, part: Telling, dialect: Dialect) -> bytes | None:
    """What is left of the bytes of an event; None where nothing is."""
    if part == "done":
        return None if dialect.done(data) else data
    value = told(data)
    if value is None:
        return data
    left = dialect.without(part, value)
    if left is None or left == value:
        return None if left is None else data
    return data[: data.find(b"{")] + json_bytes(left) + data[data.rfind(b"}") + 1 :]


def _marked_last(plan: tuple[Step, ...], fault: str) -> tuple[Step, ...]:
    """Nothing follows what was left out: then to have what came before it is to meet the fault."""
    places = [at for at, step in enumerate(plan) if isinstance(step, Send) and step.data]
    if not places:
        return plan
    at, step = places[-1], plan[places[-1]]
    return (*plan[:at], replace(step, fault=step.fault or fault), *plan[at + 1 :])
