"""How a failing service words its error, by the kind of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

Envelope: TypeAlias = Literal["auto", "openai", "anthropic", "gemini", "plain"]

_OPENAI_TYPES = {
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", "insufficient_permissions"),
    404: ("not_found_error", "model_not_found"),
    408: ("timeout_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GEMINI_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def reason(status: int) -> str:
    """The reason phrase of a status, also of those that no standard names."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else f"Status {status}"


def _openai(status: int) -> dict[str, Any]:
    other = "server_error" if status >= 500 else "invalid_request_error"
    kind, code = _OPENAI_TYPES.get(status, (other, None))
    return {"error": {"message": reason(status), "type": kind, "param": None, "code": code}}


def _anthropic(status: int) -> dict[str, Any]:
    other = "api_error" if status >= 500 else "invalid_request_error"
    kind = _ANTHROPIC_TYPES.get(status, other)
    return {"type": "error", "error": {"type": kind, "message": reason(status)}}


def _gemini(status: int) -> dict[str, Any]:
    word = _GEMINI_STATUSES.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": reason(status), "status": word}}


def _plain(status: int) -> dict[str, Any]:
    return {"error": reason(status)}


_BODIES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "plain": _plain,
}


def envelope_of(kind: str) -> Envelope:
    """The envelope that a service of this kind words its errors in."""
    known: dict[str, Envelope] = {each: each for each in ("openai", "anthropic", "gemini")}
    return known.get(kind, "plain")


def error_body(envelope: Envelope, status: int) -> dict[str, Any]:
    """The body of an error of this status."""
    return _BODIES.get(envelope, _plain)(status)
