"""The endpoints of Gemini's API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from evalkit.services.bodies import json_reply
from evalkit.services.llm import tokens
from evalkit.services.llm.api import Backend
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.gemini.candidate import chunks, content
from evalkit.services.llm.gemini.dialect import ContentDialect
from evalkit.services.llm.gemini.errors import RefusedError, refused, unset
from evalkit.services.llm.gemini.fields import field, objects
from evalkit.services.llm.gemini.request import (
    input_tokens,
    read_content,
    read_contents,
    read_object,
)
from evalkit.services.llm.refusals import UnknownModel
from evalkit.services.llm.vectors import embedding
from evalkit.wire import Headers, Reply, Usage

_VECTOR = 3072
_ACTIONS = ["generateContent", "countTokens", "streamGenerateContent", "embedContent"]


class Generate:
    """`generateContent`, and `streamGenerateContent` where it is a stream."""

    dialect = ContentDialect()

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams

    def read(self, call: Call) -> Asked:
        """What is asked. Raises `Refused`."""
        return read_content(call, stream=self._streams)

    def whole(self, delivery: Delivery) -> bytes:
        """The content."""
        return content(delivery)

    def stream(self, delivery: Delivery) -> Iterator[Piece]:
        """Its chunks."""
        return chunks(delivery)

    def kind_of_stream(self, asked: Asked) -> Headers:
        """Server-sent events with `alt=sse`, else a JSON array that arrives in pieces."""
        kind = "text/event-stream" if asked.more["sse"] else "application/json; charset=UTF-8"
        return (("content-type", kind), ("cache-control", "private"))


def count_tokens(backend: Backend, call: Call) -> Reply:
    """How many tokens contents have. Raises `Refused`."""
    body = read_object(call.request)
    inner = field(body, "generateContentRequest", dict) or body
    backend.check_model(call.place["model"], call)
    total = input_tokens(read_contents(inner), inner)
    details = [{"modality": "TEXT", "tokenCount": total}]
    return json_reply({"totalTokens": total, "promptTokensDetails": details})


def embed_one(backend: Backend, call: Call) -> Reply:
    """The vector of one content. Raises `Refused`."""
    body = read_object(call.request)
    texts = [_text(body)]
    vectors = [_vector(body, texts[0], call)]
    return _embedded(backend, call, texts, {"embedding": vectors[0]})


def embed_many(backend: Backend, call: Call) -> Reply:
    """The vectors of several contents. Raises `Refused`."""
    body = read_object(call.request)
    asked = objects(field(body, "requests", list) or [], "requests")
    if not asked:
        raise RefusedError("* BatchEmbedContentsRequest.requests: at least one request is needed\n")
    texts = [_text(each) for each in asked]
    vectors = [_vector(each, text, call) for each, text in zip(asked, texts, strict=True)]
    return _embedded(backend, call, texts, {"embeddings": vectors})


def _embedded(backend: Backend, call: Call, texts: list[str], body: dict[str, Any]) -> Reply:
    model = call.place["model"]
    backend.check_model(model, call)
    used = Usage(input=sum(tokens.count(each) for each in texts), output=0)
    reply = replace(json_reply(body), usage=used, model=model)
    return backend.counted(reply, model, call).after(call.latency_ns)


def _text(body: Mapping[str, Any]) -> str:
    given = field(body, "content", dict)
    parts = objects(field(given or {}, "parts", list) or [], "content.parts")
    text = "".join(str(part.get("text", "")) for part in parts)
    if not text:
        raise unset("content", "content is required")
    return text


def _vector(body: Mapping[str, Any], text: str, call: Call) -> dict[str, Any]:
    size = field(body, "outputDimensionality", int) or _VECTOR
    if not 1 <= size <= _VECTOR:
        raise unset("output_dimensionality", f"must be in the range [1, {_VECTOR}]")
    return {"values": embedding(call.place["model"], text, size, _VECTOR)}


def list_models(backend: Backend, call: Call) -> Reply:
    """All models, on one page."""
    del call
    return json_reply({"models": [_model(name) for name in backend.models]})


def one_model(backend: Backend, call: Call) -> Reply:
    """One model. Raises `Refused`."""
    name = call.place["model"]
    if name not in backend.models:
        raise refused(UnknownModel(name))
    return json_reply(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": _ACTIONS,
    }
