"""OpenAI's words for what every provider refuses, and Azure's where they differ."""

from __future__ import annotations

from typing import Any

from evalkit.services.llm.limits import Spent
from evalkit.services.llm.openai.errors import RefusedError
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
    milliseconds_up,
    seconds_up,
    short,
)
from evalkit.units import MINUTE, format_duration

_UNITS = {"requests": ("requests", "RPM"), "tokens": ("tokens", "TPM")}


def refused(problem: Problem) -> RefusedError:
    """The refusal of api.openai.com."""
    match problem:
        case NoKey():
            return RefusedError(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
                status=401,
            )
        case WrongKey(key):
            return RefusedError(
                f"Incorrect API key provided: {_starred(key)}. You can find your API key at "
                "https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
                status=401,
            )
        case UnknownModel(model):
            message = f"The model '{short(model)}' does not exist or you do not have access to it."
            return RefusedError(message, code="model_not_found", status=404)
        case TooLong():
            return _too_long(problem)
        case Limited():
            return _limited(problem)
    return _elsewhere(problem)


def _elsewhere(problem: Problem) -> RefusedError:
    match problem:
        case WrongMethod(method, path, allowed):
            return RefusedError(
                f"Not allowed to {method} on {path[:200]}. (HINT: Perhaps you meant to make "
                "the HTTP request using a different HTTP method?)",
                code="method_not_supported",
                status=405,
                headers=(("allow", allowed),),
            )
        case UnknownPath(method, path):
            message = f"Invalid URL ({method} {path[:200]})"
            return RefusedError(message, status=404, complaint=problem.complaint)
        case Unscripted(nothing):
            return RefusedError(
                nothing.complaint,
                code="script_failed" if nothing.failed else "no_matching_rule",
                status=problem.status,
                headers=NO_RETRY,
                complaint=nothing.complaint,
            )
    raise TypeError(problem)


def _too_long(problem: TooLong) -> RefusedError:
    limit, read, reserved = problem.limit, problem.tokens, problem.reserved
    if read > limit:
        message = (
            f"This model's maximum context length is {limit} tokens. However, your messages "
            f"resulted in {read} tokens. Please reduce the length of the messages."
        )
    else:
        message = (
            f"This model's maximum context length is {limit} tokens. However, you requested "
            f"{read + reserved} tokens ({read} in the messages, {reserved} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    return RefusedError(message, param="messages", code="context_length_exceeded")


def _limited(problem: Limited) -> RefusedError:
    spent = problem.spent
    kind, short_name = _UNITS.get(spent.what, _UNITS["tokens"])
    per = "min" if spent.window_ns == MINUTE else format_duration(spent.window_ns)
    where = f"for {short(problem.model)} in organization org-evalkit on {kind} per {per}"
    amounts = f"Limit {spent.limit}, Used {spent.used}, Requested {spent.wanted}."
    if spent.retry_ns is None:
        message = (
            f"Request too large {where} ({short_name}): Limit {spent.limit}, Requested "
            f"{spent.wanted}. The input or output tokens must be reduced in order to run "
            "successfully."
        )
        return RefusedError(
            message, kind=kind, code="rate_limit_exceeded", status=429, headers=NO_RETRY
        )
    wait = format_duration(milliseconds_up(spent.retry_ns) * 1_000_000)
    message = f"Rate limit reached {where} ({short_name}): {amounts} Please try again in {wait}."
    return RefusedError(
        message, kind=kind, code="rate_limit_exceeded", status=429, headers=_retry(spent)
    )


def _retry(spent: Spent) -> tuple[tuple[str, str], ...]:
    wait = spent.retry_ns or 0
    return (
        ("retry-after", str(seconds_up(wait))),
        ("retry-after-ms", str(milliseconds_up(wait))),
    )


def input_too_long() -> RefusedError:
    """The refusal of a response whose input does not fit into the context."""
    return RefusedError(
        "Your input exceeds the context window of this model. Please adjust your input and try "
        "again.",
        param="input",
        code="context_length_exceeded",
    )


def azure_refused(problem: Problem) -> Refused:
    """The refusal of an Azure resource, which words some of them in its own way."""
    match problem:
        case NoKey() | WrongKey():
            return _azure(
                401,
                "401",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
                "provide a valid key for an active subscription and use a correct regional API "
                "endpoint for your resource.",
            )
        case UnknownModel():
            return _azure(
                404,
                "DeploymentNotFound",
                "The API deployment for this resource does not exist. If you created the "
                "deployment within the last 5 minutes, please wait a moment and try again.",
            )
        case Limited(model, spent) if spent.retry_ns is not None:
            seconds = seconds_up(spent.retry_ns)
            message = (
                f"Requests to the ChatCompletions_Create Operation of {short(model)} have exceeded "
                f"the rate limit of your current tier. Please retry after {seconds} seconds."
            )
            return _azure(429, "429", message, _retry(spent))
    return refused(problem)


def azure_without_version() -> Refused:
    """A request without `api-version`, which Azure knows no resource for."""
    return _azure(404, "404", "Resource not found")


def _azure(
    status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> Refused:
    body: dict[str, Any] = {"error": {"code": code, "message": message}}
    return Refused(status, body, headers=headers)


def _starred(key: str) -> str:
    """A key as the API shows it back: its ends at most."""
    return f"{key[:4]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * len(key)
