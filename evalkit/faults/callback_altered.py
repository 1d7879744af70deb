"""`callback_altered: body`: what a webhook says is not what was signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from evalkit.faults.callbacks import CallbackFault, Signed
from evalkit.keyed import Draw

_Place: TypeAlias = tuple[str | int, ...]


class CallbackAltered(CallbackFault):
    """One value of the body is changed after it was signed; or the signature is, or is missing.

    An agent that checks signatures refuses it, and gets the retry. One that does not believes it.
    """

    name: ClassVar[str] = "callback_altered"
    bare: ClassVar[bool] = True

    callback_altered: Literal[True, "body", "signature", "unsigned"] = Field(
        description="What is changed; by the name alone the body"
    )

    def alter(self, signed: Signed, draw: Draw) -> Signed:
        """What arrives."""
        if self.callback_altered == "unsigned":
            kept = (each for each in signed.headers if each[0] not in signed.signing)
            return replace(signed, headers=tuple(kept))
        if self.callback_altered == "signature":
            changed = tuple(
                (name, _other_end(value) if name in signed.signing else value)
                for name, value in signed.headers
            )
            return replace(signed, headers=changed)
        return replace(signed, body=_other_body(signed.body, draw))


def _other_end(text: str) -> str:
    """The text with another last character, before the padding of base64."""
    kept = text.rstrip("=")
    return f"{kept[:-1]}{'0' if kept[-1:] != '0' else '1'}{text[len(kept) :]}"


def _other_body(body: bytes, draw: Draw) -> bytes:
    """The body with one of its values changed; one that is no JSON with its last byte changed."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[:-1] + (b"?" if body[-1:] != b"?" else b"!")
    places = list(_leaves(value, ()))
    if not places:
        return b"[null]"
    changed = _with(value, places[draw.below(len(places), "place")])
    return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()


def _leaves(value: Any, place: _Place) -> Iterator[_Place]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _leaves(each, (*place, key))
    else:
        yield place


def _with(value: Any, place: _Place) -> Any:
    """The value, another one at a place."""
    if not place:
        return _another(value)
    first, *rest = place
    if isinstance(value, dict):
        return {**value, first: _with(value[first], tuple(rest))}
    return [_with(each, tuple(rest)) if at == first else each for at, each in enumerate(value)]


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 10 + 1
    if isinstance(value, float):
        return 0 if value else 1
    return "altered" if value is None or value == "" else f"{value}0"
