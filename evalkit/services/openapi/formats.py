"""Formats of texts and numbers: whether a value has one, and a value that has it.

Those of JSON Schema 2020-12 that agents meet, and OpenAPI's own. A format that is not here is an
annotation, as JSON Schema has it: nothing is checked.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from evalkit.keyed import Draw

LATEST = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""Generated times lie in the year before it."""

_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_DURATION = re.compile(
    r"P(?!$)([0-9]+W|([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?!$)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?)"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_NAMES = ("ada", "grace", "linus", "barbara", "edsger", "radia", "ken", "margaret")


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `holds` is asked of values of its `kind` only; numbers need no `make`."""

    holds: Callable[[Any], bool]
    make: Callable[[Draw], str] | None = None
    kind: type = str


def _raises_not(read: Callable[[str], object]) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        try:
            read(value)
        except (ValueError, binascii.Error):
            return False
        return True

    return holds


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _is_date_time(value: Any) -> bool:
    """RFC 3339; a leap second is one, whatever Python's datetime says."""
    text = re.sub(r":60(?=[.Zz+-])", ":59", value.upper())
    text = re.sub(r"\.([0-9]{6})[0-9]*", r".\1", text)
    return bool(_DATE_TIME.fullmatch(value)) and _raises_not(datetime.fromisoformat)(text)


def _is_time(value: Any) -> bool:
    text = re.sub(r"\.([0-9]{6})[0-9]*", r".\1", value.upper())
    return bool(_TIME.fullmatch(value)) and _raises_not(time.fromisoformat)(text)


def _is_date(value: Any) -> bool:
    return len(value) == 10 and _raises_not(date.fromisoformat)(value) and value[4] == "-"


def _is_uri(value: Any) -> bool:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*", value):
        return False
    return _raises_not(urlsplit)(value)


def _moment(draw: Draw) -> datetime:
    return LATEST - timedelta(seconds=draw.below(365 * 86_400, "moment"))


def _uuid(draw: Draw) -> str:
    text = f"{draw.seed('uuid'):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _name(draw: Draw) -> str:
    return f"{_NAMES[draw.below(len(_NAMES), 'name')]}{draw.below(1000, 'number')}"


def _bounded(bits: int) -> Format:
    limit = 1 << (bits - 1)
    return Format(lambda value: -limit <= value < limit, kind=int)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "date-time": Format(_is_date_time, lambda draw: _moment(draw).isoformat()[:19] + "Z"),
        "date": Format(_is_date, lambda draw: _moment(draw).date().isoformat()),
        "time": Format(_is_time, lambda draw: _moment(draw).time().isoformat() + "Z"),
        "duration": Format(_matches(_DURATION), lambda draw: f"PT{1 + draw.below(59, 'm')}M"),
        "uuid": Format(_matches(_UUID), _uuid),
        "email": Format(_matches(_EMAIL), lambda draw: f"{_name(draw)}@example.com"),
        "hostname": Format(_matches(_HOSTNAME), lambda draw: f"{_name(draw)}.example.com"),
        "ipv4": Format(
            _raises_not(ipaddress.IPv4Address), lambda draw: f"192.0.2.{draw.below(256, 'ip')}"
        ),
        "ipv6": Format(
            _raises_not(ipaddress.IPv6Address),
            lambda draw: f"2001:db8::{draw.below(65536, 'ip'):x}",
        ),
        "uri": Format(_is_uri, lambda draw: f"https://example.com/{_name(draw)}"),
        "byte": Format(
            _raises_not(lambda text: base64.b64decode(text, validate=True)),
            lambda draw: base64.b64encode(_name(draw).encode()).decode(),
        ),
        "int32": _bounded(32),
        "int64": _bounded(64),
    }
)
