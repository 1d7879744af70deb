"""In which span of its client a request was made: W3C Trace Context's `traceparent`."""

from __future__ import annotations

import re
from typing import NamedTuple

from evalkit.wire import Headers

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


class Place(NamedTuple):
    """Which span, of which trace, in hexadecimal digits."""

    trace: str
    span: str


def parent_in(headers: Headers) -> Place | None:
    """The span that a request says it was made in; None where it says none, or more than one."""
    given = [value.strip() for name, value in headers if name.lower() == "traceparent"]
    found = _TRACEPARENT.fullmatch(given[0]) if len(given) == 1 else None
    if found is None or not (int(found[1], 16) and int(found[2], 16)):
        return None
    return Place(found[1], found[2])
