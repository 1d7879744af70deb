"""The OpenAI service: chat completions by script, and the list of models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.bodies import json_reply
from evalkit.services.latency import Latency
from evalkit.services.llm.openai.completion import Delivery, Stamp, whole
from evalkit.services.llm.openai.errors import RefusedError, error_reply
from evalkit.services.llm.openai.request import ChatRequest, read_chat
from evalkit.services.llm.openai.stream import streamed
from evalkit.services.llm.reply import ModelReply, NoReply
from evalkit.services.llm.script import Script
from evalkit.services.llm.speed import Speed
from evalkit.wire import Headers, Reply, Request, Usage

_CHAT = ("/v1/chat/completions", "/chat/completions")
_MODELS = ("/v1/models", "/models")
_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_HEADERS = (
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-ratelimit-limit-tokens", "2000000"),
    ("x-ratelimit-remaining-tokens", "1999000"),
    ("x-ratelimit-reset-tokens", "30ms"),
)
_NO_RETRY = (("x-should-retry", "false"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings:
    """All that the services of one definition share."""

    hosts: tuple[str, ...]
    latency: Latency | None
    speed: Speed
    models: tuple[str, ...]
    script: Script


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, with what was drawn for it."""

    request: Request
    seed: str
    latency_ns: int

    @property
    def headers(self) -> Headers:
        """What every reply has."""
        return (
            ("x-request-id", f"req_{self.seed}"),
            ("openai-processing-ms", str(self.latency_ns // _MILLISECOND)),
            *_HEADERS,
        )


class OpenAIService:
    """A mock of api.openai.com: it refuses what the real one refuses, in its words."""

    kind = "openai"
    waits = False

    def __init__(
        self, name: str, settings: OpenAISettings, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
    ) -> None:
        self.name = name
        self.hosts = settings.hosts
        self._settings = settings
        self._starts_at_ns = starts_at_ns

    def operation(self, request: Request) -> str:
        """`chat` or `models`; `METHOD path` where it is neither."""
        if request.path in _CHAT:
            return "chat"
        return "models" if _listed(request.path) else f"{request.method} {request.path}"

    async def handle(self, request: Request) -> Reply:
        """The healthy reply."""
        latency = self._settings.latency
        latency_ns = 0 if latency is None else latency.sample(request.draw)
        call = _Call(request, request.draw.at("ids").key.hex(), latency_ns)
        try:
            if request.path in _CHAT:
                return self._chat(call)
            if _listed(request.path):
                return self._list(call)
        except RefusedError as refused:
            return refused.reply(call.headers)
        message = f"Invalid URL ({request.method} {request.path[:200]})"
        complaint = f"{message}; the mock has POST {_CHAT[0]} and GET {_MODELS[0]}"
        return replace(error_reply(404, message, headers=call.headers), complaint=complaint)

    def committed(self, request: Request) -> None:
        """Nothing: a model changes nothing."""

    def _chat(self, call: _Call) -> Reply:
        _check_method(call.request, "POST", _CHAT[0])
        _check_key(call.request)
        chat = read_chat(call.request)
        said = self._settings.script.answer(chat.conversation, call.request.caller)
        if isinstance(said, NoReply):
            return _unscripted(said, call.headers)
        return self._said(said.within(chat.max_tokens), chat, call)

    def _said(self, said: ModelReply, chat: ChatRequest, call: _Call) -> Reply:
        tokens = said.output_tokens()
        usage = said.usage or Usage(input=chat.input_tokens, output=tokens)
        model = chat.conversation.model
        created = (self._starts_at_ns + call.request.at) // _SECOND
        delivery = Delivery(
            reply=said,
            stamp=Stamp(seed=call.seed, created=created, model=model),
            usage=usage,
            speed=self._settings.speed,
            latency_ns=call.latency_ns,
            tokens=tokens,
            include_usage=chat.include_usage,
        )
        kind, plan = (streamed if chat.stream else whole)(delivery)
        return Reply(
            headers=(*kind, *call.headers),
            plan=plan,
            chunked=chat.stream,
            usage=usage,
            model=model,
            route=said.rule,
        )

    def _list(self, call: _Call) -> Reply:
        path = call.request.path
        _check_method(call.request, "GET", path)
        _check_key(call.request)
        models = [_model(name) for name in self._settings.models]
        if path in _MODELS:
            return json_reply({"object": "list", "data": models}, headers=call.headers)
        wanted = path.partition("/models/")[2]
        found = next((each for each in models if each["id"] == wanted), None)
        if found is None:
            raise RefusedError(
                f"The model '{wanted[:100]}' does not exist",
                param="model",
                code="model_not_found",
                status=404,
            )
        return json_reply(found, headers=call.headers)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1715367049, "owned_by": "system"}


def _listed(path: str) -> bool:
    return path in _MODELS or any(path.startswith(f"{each}/") for each in _MODELS)


def _check_method(request: Request, method: str, path: str) -> None:
    if request.method != method:
        raise RefusedError(
            f"Not allowed to {request.method} on {path[:200]}. (HINT: Perhaps you meant to make "
            "the HTTP request using a different HTTP method?)",
            code="method_not_supported",
            status=405,
            headers=(("allow", method),),
        )


def _check_key(request: Request) -> None:
    scheme, _, key = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise RefusedError(
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            status=401,
        )


def _unscripted(nothing: NoReply, headers: Headers) -> Reply:
    """The script has nothing to say: an error that no client should ask again about."""
    status, code = (500, "script_failed") if nothing.failed else (400, "no_matching_rule")
    reply = error_reply(status, nothing.complaint, code=code, headers=(*headers, *_NO_RETRY))
    return replace(reply, complaint=nothing.complaint)
