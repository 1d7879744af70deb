"""The endpoint of responses, with what one world has kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evalkit.services.bodies import json_bytes, json_reply
from evalkit.services.llm.api import EVENTS, Backend
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.openai.responses.dialect import ResponsesDialect
from evalkit.services.llm.openai.responses.kept import Kept, Shelf
from evalkit.services.llm.openai.responses.request import read_response
from evalkit.services.llm.openai.responses.response import output, response
from evalkit.services.llm.openai.responses.stream import Events
from evalkit.wire import Headers, Reply


class Responses:
    """Responses."""

    dialect = ResponsesDialect()

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def read(self, call: Call) -> Asked:
        """What is asked. Raises `Refused`."""
        asked = read_response(call, self._shelf)
        if asked.more["body"].get("store") is False:
            return asked
        return replace(asked, keep=self._keep)

    def whole(self, delivery: Delivery) -> bytes:
        """The response."""
        return json_bytes(response(delivery))

    def stream(self, delivery: Delivery) -> Iterator[Piece]:
        """Its events."""
        return Events(delivery).all()

    def kind_of_stream(self, asked: Asked) -> Headers:
        """Server-sent events."""
        del asked
        return EVENTS

    def count(self, backend: Backend, call: Call) -> Reply:
        """How many tokens a request has. Raises `Refused`."""
        asked = read_response(call, self._shelf)
        backend.check_model(asked.conversation.model, call)
        tokens = asked.input_tokens
        return json_reply({"object": "response.input_tokens", "input_tokens": tokens})

    def _keep(self, sent: Delivery) -> None:
        items = (*sent.asked.more["items"], *output(sent))
        self._shelf.put(Kept(response(sent), items))
