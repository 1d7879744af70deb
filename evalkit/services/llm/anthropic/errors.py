"""The errors of Anthropic's API, in its words and its envelope."""

from __future__ import annotations

from collections.abc import Iterable

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

_KINDS = {
    401: "authentication_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
}
_LIMITS = {
    "requests": "number of requests",
    "tokens": "number of tokens",
    "input_tokens": "number of input tokens",
    "output_tokens": "number of output tokens",
}


class RefusedError(Refused):
    """A request that Anthropic's API refuses."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        headers: Headers = (),
        complaint: str | None = None,
    ) -> None:
        kind = _KINDS.get(status, "invalid_request_error")
        body = {"type": "error", "error": {"type": kind, "message": message}}
        super().__init__(status, body, headers=headers, complaint=complaint)

    def sign(self, seed: str) -> None:
        """The request's id stands in the body too."""
        self.body["request_id"] = request_id(seed)


def request_id(seed: str) -> str:
    """The id of a request."""
    return f"req_{seed[:24]}"


def at(where: str, message: str) -> RefusedError:
    """Something is wrong at a place of the request."""
    return RefusedError(f"{where}: {message}")


def required(where: str) -> RefusedError:
    """A field is missing."""
    return at(where, "Field required")


def one_of(where: str, words: Iterable[str]) -> RefusedError:
    """A field is none of the words it may be."""
    quoted = [f"'{each}'" for each in words]
    listed = f"{', '.join(quoted[:-1])} or {quoted[-1]}" if quoted[1:] else quoted[0]
    return at(where, f"Input should be {listed}")


def refused(problem: Problem) -> RefusedError:
    """The refusal of api.anthropic.com."""
    match problem:
        case NoKey():
            return RefusedError("x-api-key header is required", status=401)
        case WrongKey():
            return RefusedError("invalid x-api-key", status=401)
        case UnknownModel(model):
            return RefusedError(f"model: {short(model)}", status=404)
        case TooLong(limit, read, reserved):
            if read > limit:
                return RefusedError(f"prompt is too long: {read} tokens > {limit} maximum")
            return RefusedError(
                f"input length and `max_tokens` exceed context limit: {read} + {reserved} > "
                f"{limit}, decrease input length or `max_tokens` and try again"
            )
        case Limited():
            return _limited(problem)
        case WrongMethod(_, _, allowed):
            return RefusedError("Method Not Allowed", status=405, headers=(("allow", allowed),))
        case UnknownPath(_, path):
            message = f"Not Found: {path[:200]}"
            return RefusedError(message, status=404, complaint=problem.complaint)
        case Unscripted(nothing):
            return RefusedError(
                nothing.complaint,
                status=problem.status,
                headers=NO_RETRY,
                complaint=nothing.complaint,
            )


def _limited(problem: Limited) -> RefusedError:
    spent = problem.spent
    window = spent.window_ns // 1_000_000_000
    per = "minute" if window == 60 else f"{window} seconds"
    unit = spent.what.replace("_", " ")
    message = (
        f"{_LIMITS[spent.what].capitalize()} has exceeded your rate limit of {spent.limit:,} "
        f"{unit} per {per}. Please reduce the prompt length or the maximum tokens requested, or "
        "try again later."
    )
    if spent.retry_ns is None:
        return RefusedError(message, status=429, headers=NO_RETRY)
    retry = ("retry-after", str(seconds_up(spent.retry_ns)))
    return RefusedError(message, status=429, headers=(retry,))
