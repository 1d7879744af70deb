"""Gemini's API, as the developer API and Vertex mount it."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.services.llm.api import Answering, Route, Speaking, route
from evalkit.services.llm.asked import Call
from evalkit.services.llm.gemini.endpoints import (
    Generate,
    count_tokens,
    embed_many,
    embed_one,
    list_models,
    one_model,
)
from evalkit.services.llm.gemini.errors import refused
from evalkit.services.llm.limits import Level
from evalkit.services.llm.refusals import Problem, Refused
from evalkit.wire import Headers, Request

_MILLISECOND = 1_000_000
# /v1beta/models/M, and Vertex's /v1beta1/projects/P/locations/L/publishers/google/models/M
_MODELS = r"(?:/[\w.~-]+){0,2}?/v1(?:alpha|beta1?)?(?:/[\w.~-]+){0,6}?/(?:models|tunedModels)"
_MODEL = rf"{_MODELS}/(?P<model>[^/:]+)"
_SHOWN = "/v1beta/models"


class Gemini:
    """The API as the service of one world speaks it."""

    kind = "gemini"
    models = ("gemini-3-pro", "gemini-3-flash", "gemini-embedding-001")

    def __init__(self) -> None:
        self.routes = (
            _route("generateContent", "generate", Generate(streams=False)),
            _route("streamGenerateContent", "generate", Generate(streams=True)),
            _route("countTokens", "count_tokens", count_tokens),
            _route("embedContent", "embeddings", embed_one),
            _route("batchEmbedContents", "embeddings", embed_many),
            route("GET", _MODELS, "models", _SHOWN, list_models),
            route("GET", _MODEL, "models", f"{_SHOWN}/*", one_model),
        )

    def key(self, request: Request) -> str | None:
        """The key of the header, of the query, or a bearer's token."""
        if key := request.header("x-goog-api-key") or dict(request.query).get("key"):
            return key.strip()
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def refused(self, problem: Problem, request: Request) -> Refused:
        """A refusal in the API's words."""
        del request
        return refused(problem)

    def headers(self, call: Call) -> Headers:
        """What every reply has."""
        return (
            ("server-timing", f"gfet4t7; dur={call.latency_ns // _MILLISECOND}"),
            ("x-content-type-options", "nosniff"),
        )

    def limit_headers(self, levels: Mapping[str, Level], call: Call) -> Headers:
        """None: the API tells of its quotas only when they are used up."""
        del levels, call
        return ()

    def unlimited(self, used: Mapping[str, int], call: Call) -> Headers:
        """Nothing is told."""
        del used, call
        return ()


def _route(action: str, operation: str, endpoint: Speaking | Answering) -> Route:
    return route("POST", f"{_MODEL}:{action}", operation, f"{_SHOWN}/*:{action}", endpoint)
