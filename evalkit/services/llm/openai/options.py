"""The options of a chat request, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evalkit.services.llm.conversation import Message
from evalkit.services.llm.openai.errors import RefusedError, missing, wrong_type, wrong_value

_FORMATS = ("json_object", "json_schema", "text")
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_LIMITS = ("max_tokens", "max_completion_tokens")


def check_options(body: dict[str, Any], messages: Iterable[Message]) -> None:
    """Check them. Raises `RefusedError`."""
    _check_format(body, messages)
    _check_numbers(body)


def _check_format(body: dict[str, Any], messages: Iterable[Message]) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    if not isinstance(wanted, dict):
        raise wrong_type("response_format", "an object", wanted)
    kind = wanted.get("type")
    if kind not in _FORMATS:
        raise wrong_value("response_format.type", kind, _FORMATS)
    if kind == "json_object" and not any("json" in m.text.lower() for m in messages):
        raise RefusedError(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            param="messages",
        )
    if kind == "json_schema":
        schema = wanted.get("json_schema")
        if not isinstance(schema, dict):
            raise missing("response_format.json_schema")
        if not isinstance(schema.get("name"), str):
            raise missing("response_format.json_schema.name")


def _check_numbers(body: dict[str, Any]) -> None:
    for key, (low, high) in _RANGES.items():
        value = body.get(key)
        if value is not None:
            _check_range(key, value, low, high)
    for key in _LIMITS:
        value = body.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong_type(key, "an integer", value)
        if value < 1:
            raise _beyond(key, "integer", "below min", ">= 1", value)
    if body.get("n") not in (None, 1):
        raise RefusedError(
            "The mock gives one choice: 'n' above 1 is not yet supported.", param="n"
        )


def _check_range(key: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(key, "a decimal", value)
    if value < low:
        raise _beyond(key, "decimal", "below min", f">= {low}", value)
    if value > high:
        raise _beyond(key, "decimal", "above max", f"<= {high}", value)


def _beyond(key: str, kind: str, side: str, expected: str, value: Any) -> RefusedError:
    return RefusedError(
        f"Invalid '{key}': {kind} {side}imum value. Expected a value {expected}, but got "
        f"{str(value)[:50]} instead.",
        param=key,
        code=f"{kind}_{side.replace(' ', '_')}_value",
    )
