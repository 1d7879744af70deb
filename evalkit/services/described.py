"""What a definition of a service declares, read without making the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from evalkit.errors import EvalkitError
from evalkit.suite import load_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The kind of a service, and what its definition says that its use can be judged by.

    `scopes` are those that its operations need, and `guarded` says that a request has to prove who
    makes it. `writes` are the effects that it commits, and `keyed` those of them that know an
    idempotency key.
    """

    kind: str
    guarded: bool = False
    scopes: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()


@cache
def keyed_effects(path: Path) -> frozenset[str]:
    """The effects of the definition in a file that know an idempotency key. One that cannot be read
    as such, as code, declares none.
    """
    with suppress(EvalkitError, OSError):
        return frozenset(describe(path).keyed)
    return frozenset()


class _Anything(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow")

    service: str
    auth: Any = None


def describe(path: Path) -> Described:
    """What the definition in a file declares. Raises `SuiteError` where it is none."""
    definition = load_model(path, _Anything).value
    rest = definition.model_extra or {}
    effects = [
        (str(effect.get("name", "")), effect)
        for part in _mappings(rest)
        if isinstance(effect := part.get("effect"), Mapping)
    ]
    needed = (each for part in _mappings(rest) for each in _texts(part.get("scopes")))
    return Described(
        kind=definition.service,
        guarded=definition.auth is not None,
        scopes=tuple(dict.fromkeys(needed)),
        writes=tuple(dict.fromkeys(name for name, _ in effects)),
        keyed=tuple(dict.fromkeys(name for name, each in effects if each.get("idempotency"))),
    )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a value, at any depth."""
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _mappings(each)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
