"""How long a reply tells its client to wait before it asks again.

`Retry-After` holds seconds or an HTTP date (RFC 9110, section 10.2.3); some providers of models add
`retry-after-ms`, which is finer and counts first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from operator import itemgetter

from evalkit.units import MILLISECOND, SECOND
from evalkit.wire import Headers

_GIVEN, _FINER = "retry-after", "retry-after-ms"
SHOULD_RETRY = "x-should-retry"
_TELLING = frozenset({_GIVEN, _FINER, SHOULD_RETRY})
_NAMES = itemgetter(0)

_LONGEST = 1e9
"""Seconds. More than that is no time to wait."""


def told_to_wait(headers: Headers, now: int) -> int | None:
    """Nanoseconds to wait, or None where the headers say nothing that can be understood.

    `now` is the time that the client's clock shows, in nanoseconds since 1970.
    """
    named = told_of_retries(headers)
    if not named:
        return None
    finer = _number(named.get(_FINER))
    if finer is not None:
        return round(finer * MILLISECOND)
    given = named.get(_GIVEN)
    seconds = _number(given)
    if seconds is not None:
        return round(seconds * SECOND)
    return None if given is None else _until(given, now)


def told_of_retries(headers: Headers) -> Mapping[str, str]:
    """What headers of a reply say of asking again, by their names in lower case."""
    if _silent.issuperset(map(_NAMES, headers)):  # every reply is asked, and few say so
        return _NOTHING
    found: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        if name not in _TELLING:
            if len(_silent) < _MOST_NAMES:
                _silent.add(given)
        elif not (name == SHOULD_RETRY and name in found):
            found[name] = value.strip()
    return found


_NOTHING: Mapping[str, str] = {}
_silent: set[str] = set()  # names of headers that say nothing of it
_MOST_NAMES = 1024


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
