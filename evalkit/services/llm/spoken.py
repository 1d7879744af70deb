"""What a model said in a reply, kept so that a fault can have it say something else.

The reply that it would have been then is made as every reply is: told by the same endpoint, counted
by the same limits, at the pace drawn for the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evalkit.quick import quick
from evalkit.services.bodies import json_bytes
from evalkit.services.llm.asked import Call
from evalkit.services.llm.delivery import Delivery, delivery
from evalkit.services.llm.dialect import Dialect
from evalkit.services.llm.editing import told, without
from evalkit.services.llm.refusals import TooLong
from evalkit.services.llm.reply import Finish, ModelReply, ToolCall
from evalkit.services.llm.speed import Speed
from evalkit.wire import Reply, Said, Telling

_ENDS: Mapping[str, Finish] = {"length": Finish.LENGTH, "filter": Finish.CONTENT_FILTER}
_CONTEXT = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What an endpoint's replies are told by: `tell` makes a reply of a delivery, `refuse` of a
    problem with a call. `limit` is the model's context in tokens.
    """

    dialect: Dialect
    tell: Callable[[Delivery], Reply]
    refuse: Callable[[TooLong, Call], Reply]
    limit: int | None


@quick
@dataclass(frozen=True, slots=True)
class Spoken:
    """The speech of one reply."""

    sent: Delivery
    voice: Voice

    @property
    def said(self) -> Said:
        """What the model said."""
        reply = self.sent.reply
        ended = next((name for name, each in _ENDS.items() if each is reply.finish), "itself")
        return Said(
            text=reply.text,
            refusal=reply.refusal,
            calls=tuple((each.name, each.arguments) for each in reply.calls),
            ended=ended,  # type: ignore[arg-type]
            confidence=reply.confidence,
        )

    @property
    def streams(self) -> bool:
        """Whether the reply is a stream."""
        return self.sent.asked.stream

    def saying(self, said: Said) -> Reply:
        """The reply if the model had said this."""
        asked, call = self.sent.asked, self.sent.call
        return self.voice.tell(delivery(asked, call, _worded(self.sent.reply, said, self.said)))

    def paced(self, tokens_per_second: float) -> Reply:
        """The reply if the model spoke at this pace."""
        call = replace(self.sent.call, speed=Speed(tokens_per_second))
        return self.voice.tell(replace(self.sent, call=call))

    def too_long(self) -> Reply:
        """The refusal of a conversation that does not fit the model's context."""
        asked = self.sent.asked
        limit = self.voice.limit or _CONTEXT
        problem = TooLong(limit, limit + asked.input_tokens, asked.max_tokens or 0)
        return self.voice.refuse(problem, self.sent.call)

    def without(self, reply: Reply, part: Telling, fault: str) -> Reply:
        """The reply without a part of it wherever that stands."""
        return without(reply, part, self.voice.dialect, fault)

    def says(self, event: bytes) -> bool:
        """Whether an event of the stream holds something of what the model says."""
        value = told(event)
        return value is not None and self.voice.dialect.says(value)

    def failing(self, status: int, number: int) -> bytes:
        """What tells of an error in a reply that began well."""
        if self.streams:
            return self.voice.dialect.error_event(status, number, self.sent.asked)
        return json_bytes(self.voice.dialect.error(status))


def _worded(reply: ModelReply, said: Said, before: Said) -> ModelReply:
    """The model's reply in other words. Its tokens are counted anew where these are others."""
    if replace(said, confidence=before.confidence) == before:
        return replace(reply, confidence=said.confidence)
    finish = Finish.TOOL_CALLS if said.calls else Finish.STOP
    return replace(
        reply,
        text=said.text,
        refusal=said.refusal,
        calls=tuple(ToolCall(name, arguments) for name, arguments in said.calls),
        finish=_ENDS.get(said.ended, finish),
        confidence=said.confidence,
        usage=None,
        others=(),
        stopped_by=None,
    )
