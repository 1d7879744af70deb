"""What the faults of models have in common.

They act on replies in which a model speaks; any other stays as it is, and then the fault is not
delivered. Those that change what the model says apply before all others, whatever order they are
written in: the model speaks before its API tells it, and that comes before the wire.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from evalkit.faults.base import Fault
from evalkit.faults.steps import mark_head, waits_before
from evalkit.keyed import Draw
from evalkit.wire import Head, Reply, Said, Send, Speech, Step, Telling, Wait


class SpeechFault(Fault):
    """A fault of what a model says. To its client the call succeeded."""

    breaks: ClassVar[bool] = False
    order: ClassVar[int] = Fault.SAYS

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply if the model had said it so."""
        speech = reply.speech
        if speech is None:
            return reply
        said = self.changed(speech.said, draw)
        return reply if said == speech.said else told_instead(reply, speech.saying(said), self.name)

    def changed(self, said: Said, draw: Draw) -> Said:
        """What the model says under this fault."""
        raise NotImplementedError


class TellingFault(Fault):
    """A fault of how a model's API tells what it said."""

    order: ClassVar[int] = Fault.TELLS

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as it is told."""
        return reply if reply.speech is None else self.told(reply, reply.speech, draw)

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply as it is told."""
        raise NotImplementedError


class MannerFault(Fault):
    """A fault of how a model speaks: it says the same. To its client the call succeeded."""

    breaks: ClassVar[bool] = False
    order: ClassVar[int] = Fault.MANNER


def leaving_out(reply: Reply, speech: Speech, parts: tuple[Telling, ...], fault: str) -> Reply:
    """The reply without these parts."""
    for part in parts:
        reply = speech.without(reply, part, fault)
    return reply


def told_instead(reply: Reply, other: Reply, fault: str) -> Reply:
    """The other reply, after the waits that faults put before this one.

    To receive the first of it that differs is this fault delivered. The same reply is no fault.
    """
    waits = added_waits(reply)
    plan = tuple(_marked(other.plan, [step.data for step in _sends(reply)], fault))
    changed = replace(other, plan=(*waits, *plan))
    if any(step.fault == fault for step in plan):
        return changed
    return reply if _sent(reply) == _sent(other) else mark_head(changed, fault)


def added_waits(reply: Reply) -> tuple[Step, ...]:
    """The waits that faults put before a reply."""
    return tuple(step for step in waits_before(reply) if isinstance(step, Wait) and step.fault)


def still_marked(before: tuple[Step, ...], plan: tuple[Step, ...]) -> tuple[Step, ...]:
    """The plan of a reply that says the same as the one before, with what was a fault in that."""
    heads = [step.fault for step in before if isinstance(step, Head)]
    sends = [step.fault for step in before if isinstance(step, Send)]
    kept: list[Step] = []
    for step in plan:
        left = heads if isinstance(step, Head) else sends if isinstance(step, Send) else []
        mark = left.pop(0) if left else None
        kept.append(replace(step, fault=step.fault or mark))
    return tuple(kept)


def object_in(text: str | None) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is none."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def as_text(value: Any) -> str:
    """A value as models write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def misfit(value: Mapping[str, Any], how: str) -> dict[str, Any]:
    """The object without its first field (`missing`), or with texts and numbers exchanged."""
    if how == "missing":
        return dict(list(value.items())[1:])
    return {key: 0 if isinstance(each, str) else str(each) for key, each in value.items()}


def _sends(reply: Reply) -> list[Send]:
    return [step for step in reply.plan if isinstance(step, Send)]


def _sent(reply: Reply) -> tuple[int, list[bytes]]:
    return reply.status, [step.data for step in _sends(reply)]


def _marked(plan: tuple[Step, ...], before: list[bytes], fault: str) -> Iterator[Step]:
    """The plan with the first piece marked that was not sent before at its place."""
    number, owed = 0, True
    for step in plan:
        if isinstance(step, Send):
            same = number < len(before) and before[number] == step.data
            number += 1
            if owed and not same:
                owed = False
                yield replace(step, fault=fault)
                continue
        yield step
