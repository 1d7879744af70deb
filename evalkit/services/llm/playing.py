"""Replies made of deliveries, and what they use of the rate limits."""

from __future__ import annotations

from collections.abc import Callable

from evalkit.quick import replaced
from evalkit.services.llm.api import Speaking
from evalkit.services.llm.delivery import Delivery, in_one_piece, streamed
from evalkit.wire import Headers, Reply


def played(endpoint: Speaking, sent: Delivery) -> Reply:
    """The reply that plays a delivery, as the request wants it."""
    asked = sent.asked
    if asked.stream:
        headers = endpoint.kind_of_stream(asked)
        plan = streamed(endpoint.stream(sent), sent.call.latency_ns, sent.call.speed)
    else:
        body = endpoint.whole(sent)
        headers = (("content-type", "application/json"), ("content-length", str(len(body))))
        plan = in_one_piece(body, sent)
    return Reply(
        headers=headers,
        plan=plan,
        chunked=asked.stream,
        usage=sent.usage,
        model=sent.stamp.model,
        route=sent.reply.rule,
    )


def used_by(reply: Reply) -> dict[str, int]:
    """What a reply uses of each rate limit."""
    usage = reply.usage
    read, written = (0, 0) if usage is None else (usage.input, usage.output)
    return {
        "requests": 1,
        "tokens": read + written,
        "input_tokens": read,
        "output_tokens": written,
    }


def with_headers(reply: Reply, headers: Headers, taken: Callable[[], None] | None = None) -> Reply:
    """The reply with more headers, and with what is to be done once it is taken on."""
    takes = reply.taken if taken is None else (*reply.taken, taken)
    return replaced(reply, headers=(*reply.headers, *headers), taken=takes)
