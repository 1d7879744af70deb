"""How long a reply tells its client to wait before it asks again.

`Retry-After` holds seconds or an HTTP date (RFC 9110, section 10.2.3); some providers of models add
`retry-after-ms`, which is finer and counts first.
"""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from evalkit.units import MILLISECOND, SECOND
from evalkit.wire import Headers

_LONGEST = 1e9
"""Seconds. More than that is no time to wait."""


def told_to_wait(headers: Headers, now: int) -> int | None:
    """Nanoseconds to wait, or None where the headers say nothing that can be understood.

    `now` is the time that the client's clock shows, in nanoseconds since 1970.
    """
    named = {
        name.lower(): value.strip()
        for name, value in headers
        if name[:1] in ("r", "R")  # every reply is asked, and hardly one says so
    }
    if not named:
        return None
    finer = _number(named.get("retry-after-ms"))
    if finer is not None:
        return round(finer * MILLISECOND)
    given = named.get("retry-after")
    seconds = _number(given)
    if seconds is not None:
        return round(seconds * SECOND)
    return None if given is None else _until(given, now)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= _LONGEST else None


def _until(date: str, now: int) -> int | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round(moment.timestamp() * SECOND) - now)
