"""Anthropic's API: messages, the counting of their tokens, and the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from evalkit.services.bodies import json_reply
from evalkit.services.llm.anthropic.dialect import MessagesDialect
from evalkit.services.llm.anthropic.errors import RefusedError, refused, request_id
from evalkit.services.llm.anthropic.message import message
from evalkit.services.llm.anthropic.request import read_conversation, read_message, read_object
from evalkit.services.llm.anthropic.stream import events
from evalkit.services.llm.api import EVENTS, Backend, route
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.limits import Level
from evalkit.services.llm.refusals import Problem, Refused, short
from evalkit.units import SECOND
from evalkit.wire import Headers, Reply, Request

_ORGANIZATION = "5a3f1c1e-0000-4000-8000-0000e7a1c170"
_LIMITS = ("requests", "tokens", "input_tokens", "output_tokens")
_ALONE = {"requests": 4_000, "input_tokens": 2_000_000, "output_tokens": 400_000}
_RELEASED = "2026-01-01T00:00:00Z"
# Gateways mount the API below paths of their own.
_ANYWHERE = r"(?:/[\w.~-]+){0,3}?"


class Messages:
    """The endpoint of messages."""

    dialect = MessagesDialect()

    def read(self, call: Call) -> Asked:
        """What is asked. Raises `Refused`."""
        return read_message(call)

    def whole(self, delivery: Delivery) -> bytes:
        """The message."""
        return message(delivery)

    def stream(self, delivery: Delivery) -> Iterator[Piece]:
        """Its events."""
        return events(delivery)

    def kind_of_stream(self, asked: Asked) -> Headers:
        """Server-sent events."""
        del asked
        return EVENTS


class Anthropic:
    """The API as the service of one world speaks it."""

    kind = "anthropic"
    models = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")

    def __init__(self) -> None:
        base = f"{_ANYWHERE}/v1"
        counting = f"{base}/messages/count_tokens"
        self.routes = (
            route("POST", f"{base}/messages", "messages", "/v1/messages", Messages()),
            route("POST", counting, "count_tokens", "/v1/messages/count_tokens", count_tokens),
            route("GET", f"{base}/models", "models", "/v1/models", list_models),
            route("GET", f"{base}/models/(?P<model>.+)", "models", "/v1/models/*", one_model),
        )

    def key(self, request: Request) -> str | None:
        """The key of `x-api-key`, or a bearer's token."""
        if key := request.header("x-api-key"):
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
            ("request-id", request_id(call.seed)),
            ("anthropic-organization-id", _ORGANIZATION),
        )

    def limit_headers(self, levels: Mapping[str, Level], call: Call) -> Headers:
        """How the limits stand, and when each is whole again."""
        found: list[tuple[str, str]] = []
        for what in _LIMITS:
            if level := levels.get(what):
                name = f"anthropic-ratelimit-{what.replace('_', '-')}"
                found += [
                    (f"{name}-limit", str(level.limit)),
                    (f"{name}-remaining", str(level.remaining)),
                    (f"{name}-reset", _time(call.epoch_ns + level.reset_ns)),
                ]
        return tuple(found)

    def unlimited(self, used: Mapping[str, int], call: Call) -> Headers:
        """Generous limits of which nothing else was used."""
        levels = {}
        for what, limit in _ALONE.items():
            reset = used[what] * 60 * SECOND // limit
            levels[what] = Level(limit, max(limit - used[what], 0), reset)
        return self.limit_headers(levels, call)


def count_tokens(backend: Backend, call: Call) -> Reply:
    """How many tokens a conversation has. Raises `Refused`."""
    asked = read_conversation(read_object(call.request), call, None)
    backend.check_model(asked.conversation.model, call)
    return json_reply({"input_tokens": asked.input_tokens})


def list_models(backend: Backend, call: Call) -> Reply:
    """All models, on one page."""
    del call
    data = [_model(name) for name in backend.models]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
    return json_reply({"data": data, "has_more": False, **ends})


def one_model(backend: Backend, call: Call) -> Reply:
    """One model. Raises `Refused`."""
    wanted = call.place["model"]
    if wanted not in backend.models:
        raise RefusedError(f"model: {short(wanted)}", status=404)
    return json_reply(_model(wanted))


def _model(name: str) -> dict[str, Any]:
    shown = name.replace("-", " ").title()
    return {
        "type": "model",
        "id": name,
        "display_name": shown,
        "created_at": _RELEASED,
        "lifecycle": "active",
    }


def _time(epoch_ns: int) -> str:
    """RFC 3339, to the next whole second."""
    return datetime.fromtimestamp(-(-epoch_ns // SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
