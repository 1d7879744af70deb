"""Understands a question by the grammar of `evalkit.history.lexicon`: whole, or not at all.

Every word has to have its part. Where a part is missing or could be two things, the readings are
offered and none is taken; where a word is not known, or the parts do not fit, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from evalkit.history.correcting import TRIED, corrected
from evalkit.history.interpreting import readings_of, why_unsure
from evalkit.history.metric import candidates, weak
from evalkit.history.names import Names
from evalkit.history.parts import Cannot, parts_of
from evalkit.history.reading import Reading
from evalkit.history.segments import Segment, segments_of

LONGEST = 500
"""How many characters a question may have."""

_OFFERED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The one way to read a question."""

    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """A question that can be read in several ways, or misses a part; the readings near it."""

    why: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A question that cannot be answered. `near` are readings of what was perhaps meant."""

    why: str
    near: tuple[Reading, ...] = ()


def understand(question: str, names: Names, now: datetime) -> Understood | Unsure | Refused:
    """How a question is read, given the names that occur and the time it is asked at."""
    if not question.strip():
        return Refused(why="the question is empty")
    if len(question) > LONGEST:
        return Refused(why=f"the question is longer than {LONGEST} signs")
    segments = segments_of(question, names, now)
    unknown = [each for each in segments if each.means is None and not each.called]
    if unknown:
        return _unknown(segments, unknown, names, now)
    return _read(segments, now)


def _read(segments: Sequence[Segment], now: datetime) -> Understood | Unsure | Refused:
    try:
        parts = parts_of(segments, now)
        by_metric = [readings_of(parts, each) for each in candidates(parts)]
    except Cannot as error:
        return Refused(why=str(error))
    readings = [each for row in zip_longest(*by_metric) for each in row if each is not None]
    if len(readings) == 1 and not weak(parts, readings[0]):
        return Understood(reading=readings[0])
    return Unsure(why=why_unsure(parts, readings), readings=tuple(readings[:_OFFERED]))


def _unknown(
    segments: Sequence[Segment], unknown: Sequence[Segment], names: Names, now: datetime
) -> Refused:
    """Say which words are not known; offer the question with close known ones in their place."""
    said = " ".join(dict.fromkeys(f"“{each.text}”" for each in unknown))
    near: list[Reading] = []
    for at in range(TRIED):
        other = corrected(segments, names, at)
        found = None if other is None else _read(other, now)
        if isinstance(found, Understood):
            near.append(found.reading)
        elif isinstance(found, Unsure):
            near += found.readings
    offered = tuple(dict.fromkeys(near))[:_OFFERED]
    return Refused(why=f"not known here: {said}", near=offered)
