"""The options of a chat request, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.services.llm.conversation import Format, Message
from evalkit.services.llm.openai.errors import RefusedError, missing, wrong_type, wrong_value
from evalkit.services.llm.openai.strict import check_strict

_FORMATS = ("json_object", "json_schema", "text")
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_WHOLE = {
    "max_tokens": (1, None),
    "max_completion_tokens": (1, None),
    "n": (1, 128),
    "top_logprobs": (0, 20),
}
_STOPS = 4


def check_numbers(
    body: Mapping[str, Any],
    ranges: Mapping[str, tuple[int, int]] = _RANGES,
    whole: Mapping[str, tuple[int, int | None]] = _WHOLE,
) -> None:
    """Check the numbers. Raises `RefusedError`."""
    if ranges.keys().isdisjoint(body) and whole.keys().isdisjoint(body):
        return  # most requests have none of them
    for key, (low, high) in ranges.items():
        value = body.get(key)
        if value is not None:
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise wrong_type(key, "a decimal", value)
            _check_range(key, "decimal", value, low, high)
    for key, (low, most) in whole.items():
        value = body.get(key)
        if value is not None:
            if not isinstance(value, int) or isinstance(value, bool):
                raise wrong_type(key, "an integer", value)
            _check_range(key, "integer", value, low, most)


def read_format(body: Mapping[str, Any], messages: Iterable[Message]) -> Format | None:
    """The form that the reply is wanted in. Raises `RefusedError`."""
    wanted = body.get("response_format")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise wrong_type("response_format", "an object", wanted)
    kind = wanted.get("type")
    if kind not in _FORMATS:
        raise wrong_value("response_format.type", kind, _FORMATS)
    if kind == "json_schema":
        schema = wanted.get("json_schema")
        if not isinstance(schema, dict):
            raise missing("response_format.json_schema")
        return named_format("response_format.json_schema", schema)
    if kind == "text":
        return None
    if not any("json" in each.text.lower() for each in messages):
        raise RefusedError(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            param="messages",
        )
    return Format("json_object")


def named_format(param: str, given: Mapping[str, Any]) -> Format:
    """The format of a named JSON Schema. Raises `RefusedError`."""
    name, schema = given.get("name"), given.get("schema")
    if not isinstance(name, str):
        raise missing(f"{param}.name")
    if schema is not None and not isinstance(schema, dict):
        raise wrong_type(f"{param}.schema", "an object", schema)
    if given.get("strict") is True:
        if schema is None:
            raise missing(f"{param}.schema")
        check_strict(f"response_format '{name[:64]}'", param, None, schema)
    return Format(name, schema)


def read_stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The stop sequences. Raises `RefusedError`."""
    stop = body.get("stop")
    if stop is None:
        return ()
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(each, str) for each in stops):
        raise wrong_type("stop", "one of a string or array of strings", stop)
    if len(stops) > _STOPS:
        raise RefusedError(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_STOPS}, but "
            f"got an array with length {len(stops)} instead.",
            param="stop",
            code="array_above_max_length",
        )
    return tuple(stops)


def read_logprobs(body: Mapping[str, Any]) -> int | None:
    """How many likely tokens to tell beside each; None for no logprobs. Raises `RefusedError`."""
    asked = body.get("logprobs")
    if not (asked is None or isinstance(asked, bool)):
        raise wrong_type("logprobs", "a boolean", asked)
    top = body.get("top_logprobs")
    if top is not None and not asked:
        raise RefusedError(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            param="top_logprobs",
        )
    return (top or 0) if asked else None


def _check_range(key: str, kind: str, value: float, low: int, high: int | None) -> None:
    if value < low:
        raise _beyond(key, kind, "below min", f">= {low}", value)
    if high is not None and value > high:
        raise _beyond(key, kind, "above max", f"<= {high}", value)


def _beyond(key: str, kind: str, side: str, expected: str, value: Any) -> RefusedError:
    return RefusedError(
        f"Invalid '{key}': {kind} {side}imum value. Expected a value {expected}, but got "
        f"{str(value)[:50]} instead.",
        param=key,
        code=f"{kind}_{side.replace(' ', '_')}_value",
    )
