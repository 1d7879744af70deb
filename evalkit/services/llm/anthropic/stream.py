"""A model's reply as a stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm import tokens
from evalkit.services.llm.anthropic.message import (
    call_id,
    ending,
    opening,
    said,
    signature,
    usage_body,
)
from evalkit.services.llm.delivery import Delivery, Piece

PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def events(sent: Delivery) -> Iterator[Piece]:
    """The events, from `message_start` to `message_stop`."""
    usage = usage_body(sent.usage)
    started = {**opening(sent), "usage": {**usage, "output_tokens": min(1, sent.usage.output)}}
    yield 0, event("message_start", {"message": started})
    yield from _blocks(sent)
    last = sent.reply.output_tokens()
    delta = ending(sent.reply)
    yield last, event("message_delta", {"delta": delta, "usage": usage})
    yield last, event("message_stop", {})


def event(kind: str, body: dict[str, Any]) -> bytes:
    """One event."""
    return f"event: {kind}\ndata: {json_text({'type': kind, **body})}\n\n".encode()


def _blocks(sent: Delivery) -> Iterator[Piece]:
    reply, stamp = sent.reply, sent.stamp
    block = _Block(0, after=reply.reasoning_tokens() - tokens.count(reply.reasoning or ""))
    if reply.reasoning is not None:
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        yield from block.begin(empty)
        yield from block.texts("thinking_delta", "thinking", reply.reasoning)
        yield block.at, block.delta("signature_delta", "signature", signature(stamp))
        yield from block.end()
    if text := said(reply):
        yield from block.begin({"type": "text", "text": ""})
        yield from block.texts("text_delta", "text", text)
        yield from block.end()
    for index, call in enumerate(reply.calls):
        named = {"type": "tool_use", "id": call_id(stamp, index), "name": call.name, "input": {}}
        block.at += tokens.count(call.name)
        yield from block.begin(named, costed=True)
        yield block.at, block.delta("input_json_delta", "partial_json", "")
        yield from block.texts("input_json_delta", "partial_json", call.arguments)
        yield from block.end()


class _Block:
    """Writes the content blocks of one message, and counts their tokens."""

    def __init__(self, index: int, after: int) -> None:
        self._index = index
        self.at = max(after, 0)

    def begin(self, block: dict[str, Any], *, costed: bool = False) -> Iterator[Piece]:
        """A block begins with its first token; `costed` says that this is counted already."""
        first = self.at if costed else self.at + 1
        body = {"index": self._index, "content_block": block}
        yield first, event("content_block_start", body)
        if self._index == 0:
            yield first, PING

    def texts(self, kind: str, key: str, text: str) -> Iterator[Piece]:
        """One delta for each token of a text."""
        for piece in tokens.pieces(text):
            self.at += 1
            yield self.at, self.delta(kind, key, piece)

    def delta(self, kind: str, key: str, text: str) -> bytes:
        """What is added to the block. Written by hand: there is one for each token."""
        return (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta",'
            f'"index":{self._index},"delta":{{"type":"{kind}","{key}":{json_text(text)}}}}}\n\n'
        ).encode()

    def end(self) -> Iterator[Piece]:
        """The block ends, and the next one follows."""
        yield self.at, event("content_block_stop", {"index": self._index})
        self._index += 1
