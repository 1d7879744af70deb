"""Records in plain, comparable form: what stays the same when a world is run again.

Left out are tracebacks and headers, which vary with paths and versions. What comes from outside the
world's seeded randomness is renamed by the order of its first appearance in its session: UUIDs,
addresses of objects, and hashes of requests that may hold either.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias, get_args

from evalkit.journal.records import AnyRecord

Plain: TypeAlias = Any  # what JSON can hold

LEFT_OUT = frozenset({"traceback", "headers"})
TIMES = frozenset({"at", "intended", "first_byte", "first_token", "last_token", "began"})
# Both begin with a literal, which is what makes a search through long bodies fast.
_UUID_TAIL = re.compile(
    r"-(?<=\b[0-9a-fA-F]{8}-)[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,16}\b")


class _Kind:
    """The fields of one kind of record that count."""

    def __init__(self, kind: type[AnyRecord]) -> None:
        self.name = kind.__name__
        self.fields = tuple(each.name for each in fields(kind) if each.name not in LEFT_OUT)
        self.values: Callable[[AnyRecord], tuple[Any, ...]] = attrgetter(*self.fields)
        self.times = tuple(at for at, name in enumerate(self.fields) if name in TIMES)
        self.identity = self.fields.index("identity") if "identity" in self.fields else None


_KINDS: Mapping[type, _Kind] = {kind: _Kind(kind) for kind in get_args(AnyRecord)}
_AS_IS = frozenset({type(None), int, bool, float})


class Names:
    """New names for what differs from run to run, numbered by first appearance."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = defaultdict(int)

    def name(self, kind: str, given: str) -> str:
        """The new name of this thing."""
        key = (kind, given.lower())
        if key not in self._names:
            self._counts[kind] += 1
            self._names[key] = f"{kind}#{self._counts[kind]}"
        return self._names[key]

    def rename(self, text: str) -> str:
        """The text with new names."""
        if "0x" in text:
            text = _ADDRESS.sub(lambda match: self.name("address", match[0]), text)
        return self._rename_uuids(text) if "-" in text else text

    def _rename_uuids(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for tail in _UUID_TAIL.finditer(text):
            start = tail.start() - 8
            parts += (text[done:start], self.name("uuid", text[start : tail.end()]))
            done = tail.end()
        return "".join((*parts, text[done:]))


class Plainer:
    """Makes records plain, in order. `origin` is the time that times are relative to."""

    def __init__(self, origin: int = 0) -> None:
        self._origin = origin
        self._names: dict[str | None, Names] = defaultdict(Names)

    def record(self, record: AnyRecord) -> dict[str, Plain]:
        """The record as a mapping of its fields, its kind first."""
        kind = _KINDS[type(record)]
        return dict(zip(("record", *kind.fields), self.values(record), strict=True))

    def values(self, record: AnyRecord) -> list[Plain]:
        """The kind of the record and the values of its fields, in order."""
        kind, names = _KINDS[type(record)], self._names[record.session]
        plain = [
            each
            if (of := type(each)) in _AS_IS
            or (of is str and "-" not in each and "0x" not in each)
            or each == ()
            else plain_value(each, names)
            for each in kind.values(record)
        ]
        if self._origin:
            for at in kind.times:
                plain[at] = None if plain[at] is None else plain[at] - self._origin
        if kind.identity is not None:
            plain[kind.identity] = names.name("identity", plain[kind.identity])
        return [kind.name, *plain]


def plain_value(value: Any, names: Names) -> Plain:
    """A value as JSON can hold it; bytes as their text."""
    if type(value) is str:
        return names.rename(value)
    if isinstance(value, Enum):
        return plain_value(value.value, names)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return names.rename(value)
    if isinstance(value, (bytes, bytearray)):
        return names.rename(value.decode("utf-8", "surrogateescape"))
    return _plain_collection(value, names)


def _plain_collection(value: Any, names: Names) -> Plain:
    if isinstance(value, Mapping):
        plain = {
            str(plain_value(key, names)): plain_value(each, names) for key, each in value.items()
        }
        return dict(sorted(plain.items()))
    if isinstance(value, (list, tuple)):
        return [plain_value(each, names) for each in value]
    if isinstance(value, AbstractSet):
        return sorted((plain_value(each, names) for each in value), key=dump)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain_value(getattr(value, each.name), names) for each in fields(value)}
    try:
        return names.rename(repr(value))
    except Exception:  # an agent's own object, and none of its business here
        return f"<{type(value).__qualname__}>"


dump = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""The one JSON text of a plain value."""
