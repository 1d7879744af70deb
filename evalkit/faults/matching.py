"""Whether a request is the one that a fault rule's `match` asks for.

Keys say where to look: `path`, `query.NAME`, `header.NAME`, `body` or `body.a.b.0` (into a JSON
body). A text is a glob over what stands there, any other value is compared as it is, and of a list
one has to fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator

from evalkit.wire import Request

_PLACE = re.compile(r"path|(query|header)\.[^.\s]\S*|body(\.[^.\s]+)*")

Scalar: TypeAlias = str | int | float | bool | None


def _is_place(key: str) -> str:
    if not _PLACE.fullmatch(key):
        raise ValueError(
            f"{key!r} is no place in a request; allowed: path, query.NAME, header.NAME, body, "
            "body.FIELD (as deep as needed, with numbers into lists)"
        )
    return key


Match: TypeAlias = Mapping[Annotated[str, AfterValidator(_is_place)], Scalar | tuple[Scalar, ...]]


class _Nothing:
    """What stands where nothing does."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def mismatch(match: Match, request: Request | None) -> str | None:
    """Why a request is not the one asked for, in words; None if it is."""
    for place, wanted in match.items():
        found = _NOTHING if request is None else _at(place, request)
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        if not any(_fits(each, found) for each in allowed):
            names = " or ".join(json.dumps(each) for each in allowed)
            return f"its {place} is {_shown(found)}, not {names}"
    return None


def _at(place: str, request: Request) -> Any:
    kind, _, rest = place.partition(".")
    if kind == "path":
        return request.path
    if kind == "query":
        return next((value for name, value in request.query if name == rest), _NOTHING)
    if kind == "header":
        header = request.header(rest.lower())
        return _NOTHING if header is None else header
    value = _body(request.body)
    for name in rest.split(".") if rest else ():
        value = _inner(value, name)
    return value


def _body(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace") if body else _NOTHING


def _inner(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, _NOTHING)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return _NOTHING


def _fits(wanted: Scalar, found: Any) -> bool:
    if found is _NOTHING:
        return False
    if isinstance(wanted, str):
        return fnmatchcase(found if isinstance(found, str) else json.dumps(found), wanted)
    # True is not the number 1 in JSON.
    return isinstance(wanted, bool) == isinstance(found, bool) and bool(found == wanted)


def _shown(found: Any) -> str:
    text = repr(found) if found is _NOTHING else json.dumps(found, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
