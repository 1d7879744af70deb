"""Stretches of time as questions name them: `last 7 days`, `since Monday`, `in September`.

All in UTC. `last week` and `last month` are none: each could mean two stretches. `the last week`
and `past week` are the seven days up to now, `this week` begins with its Monday, and a month
without a year is the newest that has begun.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from evalkit.history.lexicon import Meaning

LONGEST_TIME = 5
"""How many words a stretch of time has at most."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:t[0-9:.]+(?:z|\+00:00)?)?")
_SPANS = {name: f"{name}s" for name in ("hour", "day", "week")}
_SPANS |= {f"{name}s": f"{name}s" for name in tuple(_SPANS)}
_LATEST = ("last", "past", "latest", "newest")
_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
_WEEKDAYS = {name.lower(): at for at, name in enumerate(calendar.day_name)}


def time_of(words: Sequence[str], now: datetime) -> tuple[Meaning, int] | None:
    """What a stretch of time at the beginning of these words means, and how many of them it is."""
    known = [*words, *[""] * (LONGEST_TIME - len(words))]
    return _counted(known, now) or _bounded(known, now) or _named(known, now)


def _counted(words: Sequence[str], now: datetime) -> tuple[Meaning, int] | None:
    """`last 5 runs`, `last 7 days`, `the last week`."""
    if words[0] in _LATEST and words[1].isdigit() and 0 < int(words[1]) < 10_000:
        if words[2] in ("run", "runs"):
            return ("runs", str(int(words[1]))), 3
        if words[2] in _SPANS:
            since = now - timedelta(**{_SPANS[words[2]]: int(words[1])})
            return ("since", _stamp(since)), 3
    article = words[0] == "the" and words[1] in _LATEST
    if (article and words[2] in _SPANS) or (words[0] == "past" and words[1] in _SPANS):
        span = words[2] if article else words[1]
        if not span.endswith("s"):
            return ("since", _stamp(now - timedelta(**{_SPANS[span]: 1}))), 3 if article else 2
    return None


def _bounded(words: Sequence[str], now: datetime) -> tuple[Meaning, int] | None:
    """`since 2026-01-05`, `since Monday`, `on 2026-01-05`, `between 2026-01-05 and 2026-01-09`."""
    first, second = _moment(words[1], now), _moment(words[3], now)
    if first is None:
        return None
    if words[0] == "between" and words[2] == "and" and second is not None:
        if not (_DAY.fullmatch(words[1]) and _DAY.fullmatch(words[3])) or second < first:
            return None
        return ("span", f"{_stamp(first)}/{day_of(second)[1]}"), 4
    if words[0] == "on":
        return ("on", _stamp(first)), 2
    if words[0] == "since":
        return ("since", _stamp(first)), 2
    if words[0] in ("before", "until") and words[1] not in _WEEKDAYS:
        return ("until", _stamp(first)), 2
    return None


def _named(words: Sequence[str], now: datetime) -> tuple[Meaning, int] | None:
    """`this week`, `year to date`, `in September`."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }
    if words[0] == "this" and words[1] in begins:
        return ("since", _stamp(begins[words[1]])), 2
    if words[0] == "ytd":
        return ("since", _stamp(begins["year"])), 1
    if tuple(words[:3]) == ("year", "to", "date"):
        return ("since", _stamp(begins["year"])), 3
    month = _MONTHS.get(words[1]) if words[0] == "in" else None
    if month is None or words[2].isdigit():  # a year: not in the grammar
        return None
    start = today.replace(day=1, month=month)
    start = start.replace(year=start.year - 1) if start > today else start
    end = (start + timedelta(days=31)).replace(day=1)
    return ("span", f"{_stamp(start)}/{_stamp(end)}"), 2


def _moment(text: str, now: datetime) -> datetime | None:
    """A day, a time, or the newest such day of the week, today if it is one."""
    if text in _WEEKDAYS:
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=(today.weekday() - _WEEKDAYS[text]) % 7)
    if not _DAY.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def day_of(moment: datetime, back: int = 0) -> tuple[str, str]:
    """The bounds of the day of a moment, or of one so many days before it, in UTC."""
    start = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= timedelta(days=back)
    return _stamp(start), _stamp(start + timedelta(days=1))
