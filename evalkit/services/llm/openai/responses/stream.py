"""A model's reply as the events of a response, numbered one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm import tokens
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.logprobs import token_logprobs
from evalkit.services.llm.openai.responses.response import (
    begun,
    call_item,
    message_item,
    part,
    reasoning_item,
    response,
)


class Events:
    """Writes the events of one response."""

    def __init__(self, sent: Delivery) -> None:
        self._sent = sent
        self._at = 0
        self._number = -1
        self._output = -1

    def all(self) -> Iterator[Piece]:
        """All of them, from `response.created` to `response.completed`."""
        sent, reply = self._sent, self._sent.reply
        yield self._event("response.created", {"response": begun(sent)})
        yield self._event("response.in_progress", {"response": begun(sent)})
        if reply.reasoning_tokens():
            yield from self._reasoning()
        if reply.text is not None or reply.refusal is not None:
            yield from self._message()
        for index in range(len(reply.calls)):
            yield from self._call(index)
        self._at = reply.output_tokens()
        whole = response(sent)
        yield self._event(f"response.{whole['status']}", {"response": whole})

    def _reasoning(self) -> Iterator[Piece]:
        sent = self._sent
        whole, begun_item = reasoning_item(sent), reasoning_item(sent, done=False)
        yield self._added(begun_item)
        place = {"item_id": whole["id"], "output_index": self._output, "summary_index": 0}
        end = sent.reply.reasoning_tokens()
        if whole["summary"]:
            text = sent.reply.reasoning or ""
            kind = "response.reasoning_summary"
            empty = {"type": "summary_text", "text": ""}
            self._at = max(end - tokens.count(text), 0)
            yield self._event(f"{kind}_part.added", {**place, "part": empty})
            yield from self._deltas(f"{kind}_text.delta", place, text)
            yield self._event(f"{kind}_text.done", {**place, "text": text})
            yield self._event(f"{kind}_part.done", {**place, "part": whole["summary"][0]})
        self._at = end
        yield self._done(whole)

    def _message(self) -> Iterator[Piece]:
        sent, reply = self._sent, self._sent.reply
        whole = message_item(sent)
        self._at += 1
        yield self._added(message_item(sent, done=False))
        place = {"item_id": whole["id"], "output_index": self._output, "content_index": 0}
        empty = part(sent, done=False)
        yield self._event("response.content_part.added", {**place, "part": empty})
        self._at -= 1
        if reply.refusal is not None:
            yield from self._deltas("response.refusal.delta", place, reply.refusal)
            yield self._event("response.refusal.done", {**place, "refusal": reply.refusal})
        else:
            text, kind = reply.text or "", "response.output_text"
            yield from self._deltas(f"{kind}.delta", place, text, self._logprobs(text))
            told = {"text": text, "logprobs": whole["content"][0]["logprobs"]}
            yield self._event(f"{kind}.done", {**place, **told})
        yield self._event("response.content_part.done", {**place, "part": whole["content"][0]})
        yield self._done(whole)

    def _call(self, index: int) -> Iterator[Piece]:
        call, whole = self._sent.reply.calls[index], call_item(self._sent, index)
        self._at += tokens.count(call.name)
        yield self._added(call_item(self._sent, index, done=False))
        place = {"item_id": whole["id"], "output_index": self._output}
        kind = "response.function_call_arguments"
        yield from self._deltas(f"{kind}.delta", place, call.arguments)
        told = {"name": call.name, "arguments": call.arguments}
        yield self._event(f"{kind}.done", {**place, **told})
        yield self._done(whole)

    def _logprobs(self, text: str) -> list[str]:
        """What each delta tells of its token, as JSON."""
        if self._sent.asked.logprobs is None:
            return [',"logprobs":[]'] * tokens.count(text)
        entries = token_logprobs(self._sent, self._sent.reply, text)
        return [f',"logprobs":{json_text([each])}' for each in entries]

    def _deltas(
        self, kind: str, place: dict[str, Any], text: str, more: list[str] | None = None
    ) -> Iterator[Piece]:
        """One event for each token. Written by hand: they are most of a stream."""
        head = f"event: {kind}\ndata: {json_text({'type': kind, **place})[:-1]}"
        for index, piece in enumerate(tokens.pieces(text)):
            self._at += 1
            self._number += 1
            added = "" if more is None else more[index]
            body = f'"sequence_number":{self._number},"delta":{json_text(piece)}{added}'
            yield self._at, f"{head},{body}}}\n\n".encode()

    def _added(self, item: dict[str, Any]) -> Piece:
        self._output += 1
        return self._item("added", item)

    def _done(self, item: dict[str, Any]) -> Piece:
        return self._item("done", item)

    def _item(self, what: str, item: dict[str, Any]) -> Piece:
        body = {"output_index": self._output, "item": item}
        return self._event(f"response.output_item.{what}", body)

    def _event(self, kind: str, body: dict[str, Any]) -> Piece:
        self._number += 1
        told = json_text({"type": kind, "sequence_number": self._number, **body})
        return self._at, f"event: {kind}\ndata: {told}\n\n".encode()
