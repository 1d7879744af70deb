"""How long a reply tells its client to wait before it asks again.

`Retry-After` holds seconds or an HTTP date (RFC 9110, section 10.2.3); some providers of models add
`retry-after-ms`, which is finer and counts first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
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
    places = _places(tuple(map(_NAMES, headers)))
    return {name: headers[place][1].strip() for name, place in places} if places else _NOTHING


_NOTHING: Mapping[str, str] = {}


@lru_cache(1024)
def _places(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """The headers that tell of it: every reply is asked, replies are alike, and few say so."""
    found: dict[str, int] = {}
    for place, each in enumerate(names):
        name = each.lower()
        if name in _TELLING and not (name == SHOULD_RETRY and name in found):
            found[name] = place
    return tuple(found.items())


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
