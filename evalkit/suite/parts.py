"""What the parts of a suite are made of: their base, and the types that several of them use."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import GetJsonSchemaHandler as Handler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from evalkit.jsonpaths import parsed


class Part(BaseModel):
    """Base of all parts of a suite: frozen, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")


T = TypeVar("T")


def _as_list(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else (value,)


class _OrOne:
    """Adds the single value to the JSON Schema of a list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


OneOrMany: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_as_list), _OrOne()]
"""One value or a list of them; always a tuple in the model."""

# Strict, because the JSON Schema is: what an editor marks as wrong is not taken here.
Count: TypeAlias = Annotated[int, Field(ge=1, strict=True)]
Natural: TypeAlias = Annotated[int, Field(ge=0, strict=True)]
Integer: TypeAlias = Annotated[int, Field(strict=True)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]


NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
SUITE_NAME = r"^[a-z0-9][a-z0-9._-]*$"
METHOD = r"^[A-Z]+$"
PATH = "^/"

_PATTERNS = {
    NAME: "letters, digits, . _ and -, beginning with a letter or a digit",
    SUITE_NAME: "lower-case letters, digits, . _ and -, beginning with a letter or a digit",
    METHOD: "an HTTP method in capitals, like POST",
    PATH: "a path that begins with /",
}


def words_for(pattern: str) -> str:
    """What a pattern allows, in words where it is one of ours."""
    return _PATTERNS.get(pattern, f"what matches {pattern}")


def compiles(pattern: str) -> str:
    """The pattern, if it is a regular expression. Raises `ValueError`."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    return pattern


Regex: TypeAlias = Annotated[str, AfterValidator(compiles)]
"""A regular expression, as Python's `re` reads it."""


def parses(path: str) -> str:
    """The path, if it is a JSONPath expression. Raises `ValueError`."""
    parsed(path)
    return path


JsonPath: TypeAlias = Annotated[str, AfterValidator(parses)]
"""A JSONPath expression, as jsonpath-ng reads it."""


def _one_word(scope: str) -> str:
    if re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope):
        return scope
    raise ValueError(f"{scope!r} is no scope; one is a word of ASCII without quotes: orders:read")


Scope: TypeAlias = Annotated[str, AfterValidator(_one_word)]
"""A scope token of RFC 6749, section 3.3."""


def mistake(message: str, *at: str | int) -> PydanticCustomError:
    """An error of a validator about a place further in than the value it validates."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "at": at})


def missing_choice(*choices: str) -> PydanticCustomError:
    """The error that exactly one of these keys should be there, and none is."""
    return PydanticCustomError(
        "missing_choice",
        "one of these keys is missing: {words}",
        {"choices": choices, "words": ", ".join(choices)},
    )


def exactly_one(*names: str) -> dict[str, Any]:
    """The JSON Schema of a mapping that has exactly one of these keys."""
    return {"oneOf": [_given(name) for name in names]}


def at_most_one(*names: str) -> dict[str, Any]:
    """The JSON Schema of a mapping that has one of these keys or none."""
    return {"not": {"allOf": [_given(name) for name in names]}}


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
