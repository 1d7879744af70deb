"""Bodies of requests and replies as values.

Whatever a client sends, it raises nothing but `BodyError`.
"""

from __future__ import annotations

import json
from json import encoder
from typing import Any, NoReturn

from evalkit import quick_json
from evalkit.wire import Headers, Reply

MAX_BODY = 8 * 1024 * 1024
"""How large a request's body may be, in bytes."""

MAX_DEPTH = 100
"""How deep its JSON may be nested."""


class BodyError(ValueError):
    """The body cannot be read; `status` is how a good service refuses it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def read_json(body: bytes) -> Any:
    """The value of JSON text. Raises `BodyError`."""
    refuse_size(body)
    try:
        value = quick_json.read(body)
    except ValueError:
        return _read_carefully(body)  # it says what is wrong, or knows what the other does not
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _refuse_depth(value)
    return value


def _read_carefully(body: bytes) -> Any:
    if not body.strip():
        raise BodyError("the body is empty where JSON is expected")
    try:
        value = _decode(body.decode())
    except UnicodeDecodeError as error:
        raise BodyError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    except ValueError as error:
        raise BodyError(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise BodyError(f"the body is nested deeper than {MAX_DEPTH}") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _refuse_depth(value)
    if b"\\u" in body:
        _refuse_half_characters(value)
    return value


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
# `encode` makes the C encoder anew for every value, which takes longer than most values do.
_in_c: Any = getattr(encoder, "c_make_encoder", None)  # CPython has it
_pieces = _in_c and _in_c(
    *(None, _ENCODER.default, encoder.encode_basestring, None),
    *(_ENCODER.key_separator, _ENCODER.item_separator, False, False, True),
)


def json_text(value: object) -> str:
    """The compact JSON text of a value, which must not be within itself."""
    return "".join(_pieces(value, 0)) if _pieces else _ENCODER.encode(value)


def json_bytes(value: object) -> bytes:
    """The compact JSON of a value, with what no UTF-8 can hold (lone surrogates) escaped."""
    try:
        return json_text(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def refuse_size(body: bytes) -> None:
    """Raises `BodyError` where a body is larger than any that is taken."""
    if len(body) > MAX_BODY:
        raise BodyError(f"the body is larger than {MAX_BODY:,} bytes", 413)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _refuse_half_characters(value: Any) -> None:
    """Lone surrogates can be escaped in JSON, but no UTF-8 can hold them."""
    try:
        json_text(value).encode()
    except UnicodeEncodeError:
        raise BodyError("the body escapes half of a character (a lone surrogate)") from None


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _refuse_depth(value: Any) -> None:
    for depth, _ in enumerate(quick_json.levels(value), start=1):
        if depth > MAX_DEPTH:
            raise BodyError(f"the body is nested deeper than {MAX_DEPTH}")


def json_reply(value: object, *, status: int = 200, headers: Headers = ()) -> Reply:
    """A JSON reply, whatever texts the value holds."""
    body = json_bytes(value)
    return Reply.whole(body, status=status, content_type="application/json", headers=headers)
