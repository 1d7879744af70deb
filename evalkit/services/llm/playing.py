"""Replies made of deliveries, and what they use of the rate limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from evalkit.quick import replaced
from evalkit.services.llm.api import Speaking
from evalkit.services.llm.delivery import Delivery, in_one_piece, streamed
from evalkit.wire import Headers, Reply, Speech, Usage

Taken: TypeAlias = tuple[Callable[[], None], ...]
"""What is done once a reply is taken on."""


def played(
    endpoint: Speaking, sent: Delivery, more: Headers, taken: Taken, speech: Speech
) -> Reply:
    """The reply that plays a delivery, as the request wants it, with `more` headers."""
    asked = sent.asked
    if asked.stream:
        headers = endpoint.kind_of_stream(asked)
        plan = streamed(endpoint.stream(sent), sent.call.latency_ns, sent.call.speed)
    else:
        body = endpoint.whole(sent)
        headers = (("content-type", "application/json"), ("content-length", str(len(body))))
        plan = in_one_piece(body, sent)
    return Reply(
        headers=(*headers, *more),
        plan=plan,
        chunked=asked.stream,
        usage=sent.usage,
        model=sent.stamp.model,
        route=sent.reply.rule,
        taken=taken,
        speech=speech,
    )


def used_by(usage: Usage | None) -> dict[str, int]:
    """What a reply of this usage uses of each rate limit."""
    read, written = (0, 0) if usage is None else (usage.input, usage.output)
    return {
        "requests": 1,
        "tokens": read + written,
        "input_tokens": read,
        "output_tokens": written,
    }


def with_headers(reply: Reply, headers: Headers, taken: Taken = ()) -> Reply:
    """The reply with more headers, and with what is to be done once it is taken on."""
    return replaced(reply, headers=(*reply.headers, *headers), taken=(*reply.taken, *taken))
