"""Words of a question that are not known, and those that were perhaps meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import groupby

from evalkit.history.lexicon import PHRASES
from evalkit.history.names import Names, words_of
from evalkit.history.segments import Segment

TRIED = 3
"""How many words are tried in the place of one that is not known."""


def corrected(segments: Sequence[Segment], names: Names, nth: int) -> list[Segment] | None:
    """The segments with each stretch of unknown ones taken for the nth closest name or phrase."""
    found: list[Segment] = []
    for known, stretch in groupby(segments, lambda each: bool(each.means or each.called)):
        if known:
            found += stretch
            continue
        close = _closest(" ".join(each.text for each in stretch), names)
        if nth >= len(close):
            return None
        found.append(close[nth])
    return found


def _closest(text: str, names: Names) -> list[Segment]:
    """Names close to a text, then phrases."""
    text = " ".join(words_of(text.replace('"', "")))
    spelled = {" ".join(words): called for words, called in names.spelled().items()}
    known = {" ".join(words): means for words, means in PHRASES.items()}
    found = [
        Segment(text=f'"{each}"', called=spelled[each])
        for each in get_close_matches(text, spelled, n=TRIED, cutoff=0.55)
    ]
    close = get_close_matches(text, known, n=TRIED, cutoff=0.75)
    return [*found, *(Segment(text=each, means=known[each]) for each in close)]
