"""The errors of OpenAI's API, in its words and its envelope."""

from __future__ import annotations

from typing import Any

from evalkit.services.llm.refusals import Refused
from evalkit.wire import Headers


class RefusedError(Refused):
    """A request that OpenAI's API refuses."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        headers: Headers = (),
        complaint: str | None = None,
    ) -> None:
        error = {"message": message, "type": kind, "param": param, "code": code}
        super().__init__(status, {"error": error}, headers=headers, complaint=complaint)


def missing(param: str) -> RefusedError:
    """A parameter is missing."""
    return RefusedError(
        f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
    )


def wrong_type(param: str, expected: str, value: Any) -> RefusedError:
    """A parameter is of the wrong type."""
    return RefusedError(
        f"Invalid type for '{param}': expected {expected}, but got {json_kind(value)} instead.",
        param=param,
        code="invalid_type",
    )


def wrong_value(param: str, value: Any, supported: tuple[str, ...]) -> RefusedError:
    """A parameter is none of the words it may be."""
    words = ", ".join(f"'{each}'" for each in supported[:-1])
    listed = f"{words}, and '{supported[-1]}'" if words else f"'{supported[0]}'"
    return RefusedError(
        f"Invalid value: '{str(value)[:100]}'. Supported values are: {listed}.",
        param=param,
        code="invalid_value",
    )


def empty_array(param: str) -> RefusedError:
    """An array has nothing in it."""
    return RefusedError(
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an "
        "empty array instead.",
        param=param,
        code="empty_array",
    )


def json_kind(value: Any) -> str:
    """What a value is, in the API's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
