"""How a model's reply goes out: in one piece or token by token, on an absolute schedule.

The first token goes out when the model's latency is over, the n-th n-1 token times later; waits are
differences of those due times, so that rounding does not add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from evalkit.keyed import digest_of
from evalkit.quick import quick
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.remembered import Remembered
from evalkit.services.llm.reply import ModelReply
from evalkit.services.llm.speed import Speed
from evalkit.wire import Head, Send, Step, Usage, Wait

Piece: TypeAlias = tuple[int, bytes]
"""Bytes, and the number of the token that they go out with: 0 and 1 are the first."""

_SECOND = 1_000_000_000
_HEAD = Head()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What marks one reply: what its ids are made of, when it was made, by which model."""

    seed: str
    created: int
    model: str

    def id(self, *parts: object) -> str:
        """32 hexadecimal digits, the same for the same parts."""
        return digest_of(self.seed, *parts).hex()

    def call_id(self, index: int, choice: int = 0) -> str:
        """The id of a tool call, 24 digits."""
        return self.id(choice, index)[:24] if choice else self.id(index)[:24]


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a model says to a request, in the form that was asked for, and its tokens as the script
    says or as they are estimated: the same each time that the same is said. `texts` is where an
    endpoint keeps what it wrote of it, by a name of its own.
    """

    replies: tuple[ModelReply, ...]
    usage: Usage
    texts: dict[str, str] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """All that a reply on the wire is made from."""

    asked: Asked
    call: Call
    wording: Wording
    stamp: Stamp
    usage: Usage

    @property
    def replies(self) -> tuple[ModelReply, ...]:
        """One for each choice."""
        return self.wording.replies

    @property
    def reply(self) -> ModelReply:
        """The first choice."""
        return self.replies[0]

    @property
    def tokens(self) -> int:
        """The tokens of the longest choice: they are written at the same time."""
        return max(each.output_tokens() for each in self.replies)


def delivery(asked: Asked, call: Call, said: ModelReply) -> Delivery:
    """The delivery of what a model says."""
    if not asked.conversation.steady:
        wording = _wording(asked, said)
    elif (known := _WORDINGS.get(asked, said)) is not None:
        wording = known
    else:
        wording = _WORDINGS.keep(_wording(asked, said), asked, said)
    stamp = Stamp(seed=call.seed, created=call.epoch_ns // _SECOND, model=asked.conversation.model)
    return Delivery(asked=asked, call=call, wording=wording, stamp=stamp, usage=wording.usage)


_WORDINGS: Remembered[Wording] = Remembered()


def _wording(asked: Asked, said: ModelReply) -> Wording:
    if said.reasoning is not None and not asked.reasons:
        said = replace(said, reasoning=None)
    choices = said.choices(asked.choices)
    replies = tuple([each.until(asked.stops).within(asked.max_tokens) for each in choices])
    if (usage := said.usage) is None:
        written = sum([each.output_tokens() for each in replies])
        thought = sum([each.reasoning_tokens() for each in replies])
        usage = Usage(input=asked.input_tokens, output=written, reasoning=thought)
    return Wording(replies=replies, usage=usage)


def in_one_piece(body: bytes, sent: Delivery) -> tuple[Step, ...]:
    """The steps of a reply that goes out when its last token is there."""
    speed = sent.call.speed
    spoken = 0 if speed.at_once else speed.after(max(sent.tokens - 1, 0))
    wait = sent.call.latency_ns + spoken
    return (Wait(wait), _HEAD, Send(body)) if wait else (_HEAD, Send(body))


def streamed(pieces: Iterable[Piece], latency_ns: int, speed: Speed) -> tuple[Step, ...]:
    """The steps of a stream, each piece with its token. Pieces come in the order of their tokens.

    What is empty sends nothing, and only says that the stream lasts until then.
    """
    plan: list[Step] = [Wait(latency_ns), Head()]
    due = at = 0
    for number, data in pieces:
        if number > at:
            at = number
            wait = speed.after(number - 1) - due
            if wait:
                plan.append(Wait(wait))
                due += wait
        if data:
            plan.append(Send(data))
    return tuple(plan)
