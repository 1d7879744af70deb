"""Keeps secrets out of what is written.

Credentials in headers, queries and fields of bodies, and the values of variables that a suite
declares sensitive, are replaced by pseudonyms, and so are credentials that are long enough wherever
else they appear: see `evalkit.store.credentials`. Pseudonyms are keyed, so that equal values stay
equal within a run and nobody can find a value by trying candidates. A run that is over has no key
any more: see `evalkit.store.key`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from evalkit.journal.records import AnyRecord, CallbackSent, CallEnded, CallStarted, LogWritten
from evalkit.quick import replaced
from evalkit.store import credentials
from evalkit.wire import Headers

_FREE = (
    *("input", "text", "context", "error", "traceback", "reason", "complaint", "breaches"),
    *("key", "data", "message", "expected", "seen", "hint"),
)
"""The fields of records that hold free text. Names, by which records are matched, stay."""

_PAIR = re.compile(
    r"(?P<start>(?<![\w\"?&-])(?P<name>[\w-]{3,40})\s?[=:]\s?(?:(?i:bearer|basic)\s+)?)"
    r"(?P<value>[^\s,;&\"'<>]+)"
)
"""How lines of a log name a credential: `password=…`, `Authorization: Bearer …`."""

_WORD = 6
"""Values shorter than this are masked only where they stand alone: a plain 7 is in every price."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Replaces sensitive values. `forms` leads from each way to write a value to the value."""

    key: bytes = field(repr=False)
    forms: Mapping[str, str] = field(default_factory=dict, repr=False)
    pattern: re.Pattern[str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, key: bytes, values: Iterable[object] = ()) -> Mask:
        """The mask of these values, or of what they hold; booleans are let through."""
        texts = (str(each) for value in values for each in _leaves(value))
        forms = {form: text for text in sorted(filter(None, texts)) for form in _forms(text)}
        if not forms:
            return cls(key)
        longest_first = sorted(forms, key=lambda each: (-len(each), each))
        return cls(key, forms, re.compile("|".join(map(_matching, longest_first))))

    def learning(self, records: Iterable[AnyRecord]) -> Mask:
        """This mask, which also knows the credentials that these records hold."""
        found = {value for record in records for value in _credentials(record)}
        return Mask.of(self.key, [*self.forms.values(), *found]) if found else self

    def pseudonym(self, value: str) -> str:
        """What stands for this value in this run."""
        raw = value.encode("utf-8", "surrogatepass")
        return f"masked-{hashlib.blake2b(raw, key=self.key, digest_size=6).hexdigest()}"

    def text(self, text: str) -> str:
        """The text without the values."""
        if self.pattern is None:
            return text
        return self.pattern.sub(lambda found: self.pseudonym(self.forms[found[0]]), text)

    def value(self, value: Any) -> Any:
        """A JSON-like value without the values and credentials, at any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        if isinstance(value, Mapping):
            return {self.value(key): self._field(key, each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.value, value))
        return value

    def body(self, body: bytes) -> bytes:
        """The bytes without the values, plain or escaped as in JSON, and without credentials."""
        body = credentials.replaced(body, self._credential)
        if self.pattern is None:
            return body
        text = body.decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")

    def line(self, text: str) -> str:
        """The line of a log without credentials in the JSON, the URLs, the `name=value` in it."""
        text = _PAIR.sub(self._pair, text)
        raw = self.path(text).encode("utf-8", "surrogateescape")
        return self.body(raw).decode("utf-8", "surrogateescape")

    def _pair(self, found: re.Match[str]) -> str:
        named = credentials.is_name(found["name"])
        return f"{found['start']}{self.pseudonym(found['value'])}" if named else found[0]

    def headers(self, headers: Headers) -> Headers:
        """The headers without credentials."""
        return tuple(
            (name, self._credential(value) if credentials.HEADER.search(name) else self.text(value))
            for name, value in headers
        )

    def path(self, path: str) -> str:
        """The path without credentials in its query."""
        masked = credentials.QUERY.sub(
            lambda found: found[1] + self.pseudonym(unquote_plus(found[2])), path
        )
        return self.text(masked)

    def _field(self, name: object, value: Any) -> Any:
        if isinstance(value, str) and credentials.is_field(name, value):
            return self._credential(value)
        return self.value(value)

    def _credential(self, value: str) -> str:
        scheme = credentials.SCHEME.match(value)
        start = scheme[0] if scheme else ""
        return f"{start}{self.pseudonym(value.removeprefix(start))}"

    def records(self, records: Iterable[AnyRecord]) -> tuple[list[AnyRecord], dict[str, str]]:
        """The records as they may be written, and what stands for identities of their calls.

        An identity is a hash of the request: whoever knows all of it but the value that was
        masked could find that out by trying candidates.
        """
        masked: list[AnyRecord] = []
        identities: dict[str, str] = {}
        for record in records:
            written = self.record(record)
            if isinstance(record, CallStarted) and _other_request(record, written):
                identities[record.identity] = self.pseudonym(record.identity)
            masked.append(written)
        return [_renamed(each, identities) for each in masked], identities

    def record(self, record: AnyRecord) -> AnyRecord:
        """The record as it may be written, but for its identity."""
        kind: Any = type(record)
        masked: dict[str, Any] = {}
        if isinstance(record, CallStarted):
            masked = {"headers": self.headers(record.headers), "path": self.path(record.path)}
        elif isinstance(record, CallbackSent):
            masked["url"] = self.path(record.url)
        if isinstance(record, (CallStarted, CallEnded, CallbackSent)):
            masked["body"] = self.body(record.body)
        for name in _free_in(kind):
            value = getattr(record, name)
            if name == "text" and isinstance(record, LogWritten):
                value = self.line(value)
            if value is not None and value != ():
                masked[name] = self.value(value)
        return replaced(record, **masked) if masked else record


@cache
def _free_in(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a kind of record that hold free text."""
    named = {each.name for each in fields(kind)}
    return tuple(name for name in _FREE if name in named)


def _other_request(record: CallStarted, written: AnyRecord) -> bool:
    assert isinstance(written, CallStarted)
    return (record.path, record.body) != (written.path, written.body)


def _renamed(record: AnyRecord, identities: Mapping[str, str]) -> AnyRecord:
    if isinstance(record, CallStarted) and record.identity in identities:
        return replaced(record, identity=identities[record.identity])
    return record


def _credentials(record: AnyRecord) -> Iterator[str]:
    if isinstance(record, CallStarted):
        yield from credentials.in_headers(record.headers)
        yield from credentials.in_path(record.path)
    if isinstance(record, CallbackSent):
        yield from credentials.in_path(record.url)
    if isinstance(record, (CallStarted, CallEnded, CallbackSent)):
        yield from credentials.in_body(record.body)
    if isinstance(record, LogWritten):
        yield from credentials.in_path(record.text)
        yield from credentials.in_body(record.text.encode("utf-8", "surrogateescape"))


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield value


def _forms(text: str) -> set[str]:
    """The value itself and how JSON and URLs write it."""
    raw = text.encode("utf-8", "surrogatepass")
    urls = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], *urls}


def _matching(text: str) -> str:
    escaped = re.escape(text)
    return escaped if len(text) >= _WORD else rf"(?<![0-9A-Za-z.]){escaped}(?![0-9A-Za-z])"
