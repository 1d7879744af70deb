"""From pydantic's errors to mistakes: where, what is wrong, what is allowed, what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalkit.suite.not_yet import planned_keys
from evalkit.suite.parts import words_for
from evalkit.suite.problems import closest
from evalkit.suite.shape import Place, find_place
from evalkit.suite.tree import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong at a place of a value; with `at_key`, with the key that stands there.

    `expected` is set where the value is of the wrong kind: what kind it should be, and `given`
    what it is.
    """

    where: Where
    message: str
    allowed: tuple[str, ...] = ()
    suggestion: str | None = None
    at_key: bool = False
    expected: str | None = None
    given: str = ""


def mistakes_of(error: ValidationError, model: Any, value: Any) -> list[Mistake]:
    """The mistakes that a validation of a value found."""
    found = (_mistake(each, model, value) for each in error.errors(include_url=False))
    return _merged(_without_echoes([each for each in found if each is not None]))


def _mistake(details: ErrorDetails, model: Any, value: Any) -> Mistake | None:
    kind, location = details["type"], details["loc"]
    if kind == "missing":
        return _missing(find_place(location[:-1], model, value), str(location[-1]))
    if kind == "extra_forbidden":
        return _unknown_key(find_place(location[:-1], model, value), str(location[-1]))
    context = details.get("ctx") or {}
    if kind == "missing_choice":
        return _no_choice(find_place(location[:-1], model, value), context)
    place = find_place(location, model, value)
    if kind == "mistake":
        return Mistake(where=(*place.where, *context["at"]), message=context["message"])
    if kind in _KINDS:
        return _wrong_kind(place, _KINDS[kind])
    if kind in ("enum", "literal_error"):
        return _wrong_word(place, tuple(re.findall(r"'([^']*)'", context["expected"])))
    return _other(place, details, context)


def _missing(place: Place, key: str) -> Mistake:
    return Mistake(where=place.where, message=f'the key "{key}" is missing')


def _unknown_key(place: Place, key: str) -> Mistake:
    where = (*place.where, key)
    if key in planned_keys(place.models):
        return Mistake(where=where, message=f'"{key}" is not yet supported', at_key=True)
    return Mistake(
        where=where,
        message=f'unknown key "{key}"',
        allowed=place.keys,
        suggestion=closest(key, place.keys),
        at_key=True,
    )


def _no_choice(place: Place, context: Mapping[str, Any]) -> Mistake | None:
    """None of its own where a key was chosen that is not yet supported: that is told already."""
    given = set(place.value) if isinstance(place.value, dict) else set()
    if given & set(planned_keys(place.models)):
        return None
    message = f"one of these keys is missing: {', '.join(context['choices'])}"
    return Mistake(where=place.where, message=message)


def _wrong_kind(place: Place, expected: str) -> Mistake:
    return Mistake(
        where=place.where,
        message=f"expected {expected}, not {shown(place.value)}{_remedy(place.value, expected)}",
        allowed=place.keys,
        at_key=place.at_key,
        expected=expected,
        given=shown(place.value),
    )


def _remedy(value: Any, expected: str) -> str:
    if value is None:
        empty = {"a mapping": "{}", "a list": "[]"}.get(expected)
        return f"; write {empty} for an empty one" if empty else ""
    return "; put it in quotes" if expected == "a text" and is_scalar(value) else ""


def _wrong_word(place: Place, allowed: tuple[str, ...]) -> Mistake:
    return Mistake(
        where=place.where,
        message=f"{shown(place.value)} is not allowed here",
        allowed=allowed,
        suggestion=closest(place.value, allowed) if isinstance(place.value, str) else None,
        at_key=place.at_key,
        expected=" or ".join(allowed),
        given=shown(place.value),
    )


def _other(place: Place, details: ErrorDetails, context: Mapping[str, Any]) -> Mistake:
    given, allowed = str(context.get("given", "")), str(context.get("allowed", ""))
    message = details["msg"]
    if details["type"] == "value_error":
        message = str(context["error"])
    elif details["type"] in _WORDED:
        message = _WORDED[details["type"]](context)
    return Mistake(
        where=place.where,
        message=message,
        suggestion=closest(given, allowed.split(", ")) if given and allowed else None,
        at_key=place.at_key,
    )


def _without_echoes(found: list[Mistake]) -> list[Mistake]:
    """Without "must not be empty" where a list only lost its items to their own mistakes."""
    deeper = {each.where[:end] for each in found for end in range(len(each.where))}
    return [each for each in found if not (each.message == _EMPTY and each.where in deeper)]


def _merged(found: list[Mistake]) -> list[Mistake]:
    """One mistake where a value is of none of the several kinds that are allowed."""
    kinds: dict[tuple[Where, bool], list[Mistake]] = {}
    for each in found:
        if each.expected is not None:
            kinds.setdefault((each.where, each.at_key), []).append(each)
    merged = {key: _merge(group) for key, group in kinds.items()}
    rest = [each for each in found if each.expected is None]
    return list(dict.fromkeys([*merged.values(), *rest]))


def _merge(group: list[Mistake]) -> Mistake:
    if len(group) == 1:
        return group[0]
    first = group[0]
    expected = list(dict.fromkeys(each.expected for each in group if each.expected))
    return Mistake(
        where=first.where,
        message=f"expected {' or '.join(expected)}, not {first.given}",
        suggestion=next((each.suggestion for each in group if each.suggestion), None),
        at_key=first.at_key,
    )


def is_scalar(value: Any) -> bool:
    """Whether a value is a number or a truth value."""
    return isinstance(value, bool | int | float)


def shown(value: Any) -> str:
    """A value as an error names it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return f'the text "{value if len(value) <= 60 else value[:57] + "..."}"'
    return str(value).lower() if isinstance(value, bool) else f"the number {value}"


_EMPTY = "this must not be empty"

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
        **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
        **dict.fromkeys(("float_type", "float_parsing"), "a number"),
        **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
        **dict.fromkeys(("list_type", "tuple_type", "set_type"), "a list"),
        **dict.fromkeys(
            ("dict_type", "mapping_type", "model_type", "model_attributes_type"), "a mapping"
        ),
        "none_required": "nothing",
    }
)

_WORDED: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "greater_than": lambda ctx: f"this must be more than {ctx['gt']}",
        "greater_than_equal": lambda ctx: f"this must be at least {ctx['ge']}",
        "less_than": lambda ctx: f"this must be less than {ctx['lt']}",
        "less_than_equal": lambda ctx: f"this must be at most {ctx['le']}",
        "too_short": lambda ctx: _too_short(ctx["min_length"]),
        "string_too_short": lambda ctx: _too_short(ctx["min_length"]),
        "string_pattern_mismatch": lambda ctx: f"allowed here: {words_for(ctx['pattern'])}",
    }
)


def _too_short(least: int) -> str:
    return _EMPTY if least == 1 else f"this must hold at least {least}"
