"""Finds credentials: by the names of headers, query parameters, variables and fields of bodies.

A field of a body is one of a JSON object, also of one that is the text of another (as arguments of
tool calls are), or of a form, URL-encoded or multipart. Bodies are searched as text, not parsed, so
that those which were cut or are events of a stream are too, and all else stays as it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote, unquote_plus

from evalkit.wire import Headers

HEADER = re.compile(
    r"(authorization|cookie|api-?key|secret|password|signature|credential"
    r"|(^|[-_])(auth|access|session|security|csrf|id|refresh)[-_]?token|^token$)",
    re.IGNORECASE,
)
"""The names of headers that hold credentials."""

QUERY = re.compile(
    r"(?<=[?&])((?:[^=&#]*(?:key|token|secret|signature|password))=)([^&#]+)", re.IGNORECASE
)
"""Parameters of a query that hold credentials."""

SCHEME = re.compile(r"^(basic|bearer|digest|negotiate) +", re.IGNORECASE)
"""How the value of an authorization begins, which is no secret."""

LONG = 8
"""Credentials of this many characters are masked wherever they appear: no common word is one."""

_LONG_KEY = 16
"""The same for a parameter that is only called `key`, which may be what a list is sorted by."""

_WORDS = (
    r"(?i:passwords?|passwd|passphrase|passcode|pwd|secret|authorization|(?:set[-_]?)?cookie"
    r"|credentials?|(?:api|private|secret|access|secret[-_]?access|signing)[-_]?key"
    r"|(?:auth|access|refresh|id|session|security|csrf|xsrf|bearer|api|bot|user|device)[-_]?token)"
)
_BEFORE = r"(?:[\w.$@%\[-]{0,60}[-_.$@\[BD]|\w{0,60}(?=[A-Z]))?"
_AFTER = r"(?i:[-_]?confirm(?:ation)?)?\d?"
_NAME = rf"{_BEFORE}{_WORDS}{_AFTER}"
_TOKEN = r"(?i:token)"
_WHOLE = re.compile(_NAME)
_VARIABLE = re.compile(rf"(?:{_NAME}|.*(?i:token|key|pass)|(?i:pass))")

_PLAIN = r'[^"\\]*(?:\\.[^"\\]*)*'
_NESTED = r'[^"\\]*(?:(?:\\\\(?:\\\\|\\"|[^"\\])|\\[^"\\])[^"\\]*)*'
_PIECE = r'(?!\\?"\s*,\s*\\?"(?:logprob|bytes)\\?")'
"""Not what a model's log probabilities call a token: a piece of its answer."""
_SHORT = rf"(?![^\"\\]{{0,{LONG - 1}}}\\?(?:\"|\Z))"
_COLON = r"\s*:\s*"
_JSON = re.compile(
    rf'(?<!\\)"{_NAME}"{_COLON}"(?P<plain>{_PLAIN})'
    rf'|(?<!\\)"{_TOKEN}"{_COLON}"{_SHORT}(?P<token>(?>{_PLAIN})){_PIECE}'
    rf'|(?<!\\)\\"{_NAME}\\"{_COLON}\\"(?P<nested>{_NESTED})'
    rf'|(?<!\\)\\"{_TOKEN}\\"{_COLON}\\"{_SHORT}(?P<inner>(?>{_NESTED})){_PIECE}',
    re.DOTALL,
)
_FORM = re.compile(
    rf"(?:\A|[?&])(?:{_NAME}(?:\]|%5D)?=(?P<form>[^&#\s\"'<>\\]+)"
    rf"|{_TOKEN}=(?P<token>[^&#\s\"'<>\\]{{{LONG},}}))"
    rf'|\bname="(?:{_NAME}\]?|{_TOKEN})"(?:\r?\n[^\r\n]+)*\r?\n\r?\n(?P<part>[^\r\n]+)'
)
_HINT = re.compile(
    rb"(?:pass(?:words?|wd|phrase|code)|pwd|secret|authorization|cookie|credentials?|key|token)"
    rb'(?:[-_]?confirm(?:ation)?)?[0-9]?(?:\]|%5d)?\\?[="]'
)


def is_name(name: str) -> bool:
    """Whether a field of this name is a credential whatever its text."""
    return _WHOLE.fullmatch(name) is not None


def is_field(name: object, value: str) -> bool:
    """Whether this text in a field of this name is a credential."""
    if not isinstance(name, str) or not value:
        return False
    return is_name(name) or (name.lower() == "token" and len(value) >= LONG)


def replaced(body: bytes, by: Callable[[str], str]) -> bytes:
    """The body with what `by` makes of the decoded text of each credential in its fields."""
    if _HINT.search(body.lower()) is None:
        return body
    text = body.decode("utf-8", "surrogateescape")
    for pattern in (_JSON, _FORM):
        text = pattern.sub(lambda found: _with(found, by), text)
    return text.encode("utf-8", "surrogateescape")


def _with(found: re.Match[str], by: Callable[[str], str]) -> str:
    kind = found.lastgroup or ""
    raw = found[kind]
    if not raw:
        return found[0]
    start, end = found.start(kind) - found.start(), found.end(kind) - found.start()
    return found[0][:start] + by(_decoded(raw, found.re is _JSON, kind)) + found[0][end:]


def _decoded(raw: str, quoted: bool, kind: str) -> str:
    if not quoted:
        return raw if kind == "part" else unquote_plus(raw)
    inner = _unquoted(raw)
    return _unquoted(inner) if kind in ("nested", "inner") else inner


def _unquoted(raw: str) -> str:
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def in_body(body: bytes) -> Iterator[str]:
    """The credentials in fields of a body that are sure not to be words of a language."""
    found: list[str] = []
    replaced(body, lambda value: found.append(value) or "")  # type: ignore[func-returns-value]
    for each in found:
        value = SCHEME.sub("", each)
        if len(value) >= LONG and re.search(r"\d", value) and not re.search(r"\s", value):
            yield value


def in_headers(headers: Headers) -> Iterator[str]:
    """The credentials in headers. Signatures are none: each is of one message, and good for it."""
    for name, value in headers:
        if HEADER.search(name) and "signature" not in name.lower():
            yield from (each for each in _parts(name.lower(), value) if len(each) >= LONG)


def _parts(name: str, value: str) -> Iterator[str]:
    if "cookie" in name:
        pairs = value.split(";")[: 1 if name.startswith("set-") else None]
        yield from (pair.partition("=")[2].strip(' "') for pair in pairs)
        return
    scheme = SCHEME.match(value)
    rest = value.removeprefix(scheme[0]).strip() if scheme else value
    yield rest
    if scheme and scheme[1].lower() == "basic":
        yield _password(rest)


def _password(basic: str) -> str:
    """The password in the credentials of HTTP's basic scheme (RFC 7617)."""
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def in_path(path: str) -> Iterator[str]:
    """The credentials in the query of a path."""
    for name, raw in QUERY.findall(path):
        value, plain = unquote_plus(raw), unquote(name[:-1])
        long = _LONG_KEY if plain.lower() == "key" else LONG
        if len(value) >= long and (plain.lower() == "key" or is_field(plain, value)):
            yield value


def in_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """The values of variables whose names are those of credentials."""
    for name, value in environment.items():
        if len(value) >= LONG and _VARIABLE.fullmatch(name):
            yield value
