"""A model's reply as a stream of chat completion chunks."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm import tokens
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.logprobs import token_logprobs
from evalkit.services.llm.openai.completion import (
    PROMPT_FILTERED,
    call_body,
    completion_id,
    fingerprint,
    finish_of,
    is_azure,
    usage_json,
)
from evalkit.services.llm.reply import ModelReply

DONE = b"data: [DONE]\n\n"


def chunks(sent: Delivery) -> Iterator[Piece]:
    """The chunks. Those of several choices are written at the same time."""
    writer = _Writer(sent)
    if is_azure(sent):
        yield 0, writer.filtered()
    if len(sent.replies) == 1:
        yield from writer.choice(0, sent.reply)
    else:
        each = [writer.choice(at, reply) for at, reply in enumerate(sent.replies)]
        yield from heapq.merge(*each, key=lambda piece: piece[0])
    last = sent.tokens
    if sent.asked.include_usage:
        yield last, writer.usage()
    yield last, DONE


class _Writer:
    """Writes chunks: all are the same but for the part that carries something."""

    def __init__(self, sent: Delivery) -> None:
        stamp = sent.stamp
        head: dict[str, Any] = {
            "id": completion_id(stamp),
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": stamp.model,
            "service_tier": "default",
            "system_fingerprint": fingerprint(stamp.model),
        }
        self._sent = sent
        self._head = f"data: {json_text(head)[:-1]},"
        self._tail = (',"usage":null' if sent.asked.include_usage else "") + "}\n\n"

    def choice(self, index: int, reply: ModelReply) -> Iterator[Piece]:
        """All chunks of one choice."""
        at = reply.reasoning_tokens()
        content = '""' if reply.text is not None else "null"
        opening = f'{{"role":"assistant","content":{content},"refusal":null}}'
        yield min(at + 1, reply.output_tokens()), self._delta(index, opening)
        for key, text in (("content", reply.text), ("refusal", reply.refusal)):
            sure = self._logprobs(reply, key, text)
            for number, piece in enumerate(tokens.pieces(text or "")):
                at += 1
                delta = f'{{"{key}":{json_text(piece)}}}'
                yield at, self._delta(index, delta, sure[number] if sure else "null")
        yield from self._calls(index, reply, at)
        yield reply.output_tokens(), self._delta(index, "{}", finish=f'"{finish_of(reply)}"')

    def _calls(self, choice: int, reply: ModelReply, at: int) -> Iterator[Piece]:
        for index, call in enumerate(reply.calls):
            begun = call_body(self._sent.stamp, (choice, index), call.name, "")
            at += tokens.count(call.name)
            yield at, self._delta(choice, json_text({"tool_calls": [{"index": index, **begun}]}))
            for piece in tokens.pieces(call.arguments):
                at += 1
                function = f'{{"arguments":{json_text(piece)}}}'
                delta = f'{{"tool_calls":[{{"index":{index},"function":{function}}}]}}'
                yield at, self._delta(choice, delta)

    def _logprobs(self, reply: ModelReply, key: str, text: str | None) -> list[str]:
        """The logprobs of each token as JSON; none where they are not asked for."""
        if self._sent.asked.logprobs is None or not text:
            return []
        entries = token_logprobs(self._sent, reply, text)
        nothing: dict[str, Any] = {"content": None, "refusal": None}
        return [json_text({**nothing, key: [each]}) for each in entries]

    def _delta(self, index: int, delta: str, logprobs: str = "null", finish: str = "null") -> bytes:
        choice = (
            f'{{"index":{index},"delta":{delta},"logprobs":{logprobs},"finish_reason":{finish}}}'
        )
        return f'{self._head}"choices":[{choice}]{self._tail}'.encode()

    def filtered(self) -> bytes:
        """What Azure sends first: no choice, but what its filters found in the prompt."""
        return (
            f'data: {{"id":"","object":"","created":0,"model":"","choices":[],'
            f'"prompt_filter_results":{PROMPT_FILTERED}}}\n\n'
        ).encode()

    def usage(self) -> bytes:
        """The chunk that tells the usage."""
        return f'{self._head}"choices":[],"usage":{usage_json(self._sent.usage)}}}\n\n'.encode()
