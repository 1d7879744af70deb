"""The endpoint of chat completions, also as Azure and gateways mount it."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.services.llm.api import EVENTS
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.openai.completion import completion
from evalkit.services.llm.openai.dialect import ChatDialect
from evalkit.services.llm.openai.request import read_chat
from evalkit.services.llm.openai.stream import chunks
from evalkit.services.llm.openai.words import azure_without_version
from evalkit.wire import Headers


class Chat:
    """Chat Completions."""

    dialect = ChatDialect()

    def read(self, call: Call) -> Asked:
        """What is asked. Raises `Refused`."""
        if "deployment" in call.place and not dict(call.request.query).get("api-version"):
            raise azure_without_version()
        return read_chat(call)

    def whole(self, delivery: Delivery) -> bytes:
        """The completion."""
        return completion(delivery)

    def stream(self, delivery: Delivery) -> Iterator[Piece]:
        """Its chunks."""
        return chunks(delivery)

    def kind_of_stream(self, asked: Asked) -> Headers:
        """Server-sent events."""
        del asked
        return EVENTS
