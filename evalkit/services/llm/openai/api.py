"""OpenAI's API, as api.openai.com, Azure and compatible gateways mount it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from evalkit.services.llm.api import Answering, Route, Speaking, route
from evalkit.services.llm.asked import Call
from evalkit.services.llm.limits import Level
from evalkit.services.llm.openai.chat import Chat
from evalkit.services.llm.openai.embeddings import embed
from evalkit.services.llm.openai.models import list_models, one_model
from evalkit.services.llm.openai.responses.endpoint import Responses
from evalkit.services.llm.openai.responses.kept import Shelf
from evalkit.services.llm.openai.words import azure_refused, input_too_long, refused
from evalkit.services.llm.refusals import Problem, Refused, TooLong
from evalkit.units import MINUTE, SECOND, format_duration
from evalkit.wire import Headers, Request

_MILLISECOND = 1_000_000
_AZURE = r"/openai/deployments/(?P<deployment>[^/]+)"
# Gateways mount the API below paths of their own: /api/v1, /openai/v1, /v1beta/openai.
_ANYWHERE = r"(?:/[\w.~-]+){0,4}?"
_ALONE = {"requests": 10_000, "tokens": 2_000_000}


class OpenAI:
    """The API as the service of one world speaks it."""

    kind = "openai"
    models = ("gpt-4o", "gpt-4o-mini", "text-embedding-3-small", "text-embedding-3-large")

    def __init__(self) -> None:
        chat, shelf = Chat(), Shelf()
        responses = Responses(shelf)
        one = f"{_ANYWHERE}/responses/(?P<response>resp_[^/]+)"
        self.routes = (
            route("POST", f"{_AZURE}/chat/completions", "chat", _shown("chat/completions"), chat),
            route("POST", f"{_AZURE}/embeddings", "embeddings", _shown("embeddings"), embed),
            _route("POST", "chat/completions", "chat", chat),
            _route("POST", "responses", "responses", responses),
            _route("POST", "responses/input_tokens", "input_tokens", responses.count),
            route("GET", one, "responses", "/v1/responses/*", shelf.show),
            route("DELETE", one, "responses", "/v1/responses/*", shelf.delete),
            _route("POST", "embeddings", "embeddings", embed),
            _route("GET", "models", "models", list_models),
            route("GET", f"{_ANYWHERE}/models/(?P<model>.+)", "models", "/v1/models/*", one_model),
        )

    def key(self, request: Request) -> str | None:
        """The bearer's key, or Azure's."""
        if azure := request.header("api-key"):
            return azure
        scheme, _, key = (request.header("authorization") or "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None

    def refused(self, problem: Problem, request: Request) -> Refused:
        """A refusal in the words of OpenAI, or of Azure under its paths."""
        if isinstance(problem, TooLong) and request.path.endswith("/responses"):
            return input_too_long()
        return azure_refused(problem) if _is_azure(request) else refused(problem)

    def headers(self, call: Call) -> Headers:
        """What every reply has."""
        named = "apim-request-id" if _is_azure(call.request) else "x-request-id"
        own = (("x-request-id", f"req_{call.seed}"), ("openai-version", "2020-10-01"))
        time = ("openai-processing-ms", str(call.latency_ns // _MILLISECOND))
        return (*own, time) if named == "x-request-id" else (*own, time, (named, call.seed))

    def limit_headers(self, levels: Mapping[str, Level], call: Call) -> Headers:
        """How requests and tokens stand."""
        del call
        return _told(levels)

    def unlimited(self, used: Mapping[str, int], call: Call) -> Headers:
        """Generous limits of which nothing else was used."""
        del call
        return _alone(used["requests"], used["tokens"])


@lru_cache(1024)
def _alone(requests: int, tokens: int) -> Headers:
    used = {"requests": requests, "tokens": tokens}
    return _told(
        {
            what: Level(limit, max(limit - used[what], 0), used[what] * MINUTE // limit)
            for what, limit in _ALONE.items()
        }
    )


def _told(levels: Mapping[str, Level]) -> Headers:
    found: list[tuple[str, str]] = []
    for what in ("requests", "tokens"):
        if level := levels.get(what):
            found += [
                (f"x-ratelimit-limit-{what}", str(level.limit)),
                (f"x-ratelimit-remaining-{what}", str(level.remaining)),
                (f"x-ratelimit-reset-{what}", _until(level.reset_ns)),
            ]
    return tuple(found)


def _route(method: str, path: str, operation: str, endpoint: Speaking | Answering) -> Route:
    return route(method, f"{_ANYWHERE}/{path}", operation, f"/v1/{path}", endpoint)


def _shown(path: str) -> str:
    return f"/openai/deployments/*/{path}"


def _is_azure(request: Request) -> bool:
    return request.path.startswith("/openai/deployments/")


def _until(ns: int) -> str:
    """As the API writes it: 6ms, 1.5s, 6m0s."""
    if ns < SECOND:
        return f"{-(-ns // _MILLISECOND)}ms"
    minutes, rest = divmod(-(-ns // _MILLISECOND) * _MILLISECOND, MINUTE)
    return f"{minutes}m{rest // SECOND}s" if minutes else format_duration(rest)
