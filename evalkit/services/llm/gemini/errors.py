"""The errors of Gemini's API: `google.rpc.Status` as JSON."""

from __future__ import annotations

from typing import Any

from evalkit.services.llm.refusals import (
    NO_RETRY,
    Limited,
    NoKey,
    Problem,
    Refused,
    TooLong,
    UnknownModel,
    UnknownPath,
    Unscripted,
    WrongKey,
    WrongMethod,
    seconds_up,
    short,
)
from evalkit.wire import Headers

_STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}
_TYPE = "type.googleapis.com/google.rpc"
_DOMAIN = "generativelanguage.googleapis.com"


class RefusedError(Refused):
    """A request that Gemini's API refuses."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        details: tuple[dict[str, Any], ...] = (),
        headers: Headers = (),
        complaint: str | None = None,
    ) -> None:
        error: dict[str, Any] = {
            "code": status,
            "message": message,
            "status": _STATUSES.get(status, "UNKNOWN"),
        }
        if details:
            error["details"] = list(details)
        super().__init__(status, {"error": error}, headers=headers, complaint=complaint)


def violated(field: str, description: str) -> RefusedError:
    """A field of the request breaks a rule."""
    violation = {"field": field, "description": description}
    details = {"@type": f"{_TYPE}.BadRequest", "fieldViolations": [violation]}
    return RefusedError(description, details=(details,))


def wrong_type(field: str, kind: str, value: Any) -> RefusedError:
    """A field is of the wrong type."""
    shown = f'"{short(value)}"' if isinstance(value, str) else short(str(value))
    return violated(field, f"Invalid value at '{field}' ({kind}), {shown}")


def unset(place: str, why: str) -> RefusedError:
    """A part of the request is not as its message has to be."""
    return RefusedError(f"* GenerateContentRequest.{place}: {why}\n")


def refused(problem: Problem) -> RefusedError:
    """The refusal of generativelanguage.googleapis.com."""
    match problem:
        case NoKey():
            return RefusedError(
                "Method doesn't allow unregistered callers (callers without established identity). "
                "Please use API Key or other form of API consumer identity to call this API.",
                status=403,
            )
        case WrongKey():
            info = {
                "@type": f"{_TYPE}.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": _DOMAIN},
            }
            return RefusedError("API key not valid. Please pass a valid API key.", details=(info,))
        case UnknownModel(model):
            return RefusedError(
                f"models/{short(model)} is not found for API version v1beta, or is not supported "
                "for generateContent. Call ListModels to see the list of available models and "
                "their supported methods.",
                status=404,
            )
        case TooLong(limit, read):
            return RefusedError(
                f"The input token count ({read}) exceeds the maximum number of tokens allowed "
                f"({limit})."
            )
        case Limited():
            return _limited(problem)
    return _elsewhere(problem)


def _elsewhere(problem: Problem) -> RefusedError:
    match problem:
        case WrongMethod(method, path, allowed):
            message = f"Method {method} is not allowed on {path[:200]}."
            return RefusedError(message, status=405, headers=(("allow", allowed),))
        case UnknownPath(_, path):
            message = f"The requested URL {path[:200]} was not found on this server."
            return RefusedError(message, status=404, complaint=problem.complaint)
        case Unscripted(nothing):
            return RefusedError(
                nothing.complaint,
                status=problem.status,
                headers=NO_RETRY,
                complaint=nothing.complaint,
            )
    raise TypeError(problem)


def _limited(problem: Limited) -> RefusedError:
    spent = problem.spent
    metric = "requests" if spent.what == "requests" else "input_token_count"
    quota = {
        "quotaMetric": f"{_DOMAIN}/generate_content_{metric}",
        "quotaDimensions": {"model": short(problem.model), "location": "global"},
        "quotaValue": str(spent.limit),
    }
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPE}.QuotaFailure", "violations": [quota]},
    ]
    message = (
        "You exceeded your current quota, please check your plan and billing details.\n"
        f"* Quota exceeded for metric: {quota['quotaMetric']}, limit: {spent.limit}, "
        f"model: {short(problem.model)}"
    )
    if spent.retry_ns is not None:
        message += f"\nPlease retry in {spent.retry_ns / 1e9:.9f}s."
        delay = f"{seconds_up(spent.retry_ns)}s"
        details.append({"@type": f"{_TYPE}.RetryInfo", "retryDelay": delay})
    return RefusedError(message, status=429, details=tuple(details))
