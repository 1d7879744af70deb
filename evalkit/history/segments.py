"""Cuts a question into the phrases and names that it is made of, the longest ones first.

Nothing is left over silently: a word that is neither in the grammar nor a name is a segment of its
own, and a question that holds one is not answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from evalkit.history.lexicon import PHRASES, Meaning
from evalkit.history.names import Names, Words, words_of
from evalkit.history.times import LONGEST_TIME, time_of

_TOKEN = re.compile(r'[“"`](?P<quoted>[^“”"`]*)[”"`]|(?P<sign>!=|=)|(?P<word>[^\s,?!;()“”"`=]+)')
_ORDINAL = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)(?:st|nd|rd|th)?")
_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,6})?)")

Called = tuple[tuple[str, str], ...]
"""What a name may be of: labels, each with the value as it occurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A phrase of a question: what it `means` in the grammar, and what it may be the name of.

    Neither, where it is not known. A `plain` name was put together of words that stand apart.
    """

    text: str
    means: Meaning | None = None
    called: Called = ()
    plain: bool = False

    def is_a(self, part: str) -> bool:
        """Whether it is this part of a question."""
        return self.means is not None and self.means[0] == part


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False

    @property
    def words(self) -> Words:
        return words_of(self.text)


def segments_of(question: str, names: Names, now: datetime) -> list[Segment]:
    """The segments of a question, in order. `now` is what `today` is taken from."""
    tokens = list(_tokens(question))
    spelled = names.spelled()
    longest = max(map(len, [*PHRASES, *spelled]))
    found, at = [], 0
    while at < len(tokens):
        segment, taken = _timed(tokens, at, now) or _longest(tokens, at, spelled, longest)
        found.append(segment)
        at += taken
    return found


def _tokens(question: str) -> list[_Token]:
    found = []
    for each in _TOKEN.finditer(question):
        if each["quoted"] is not None:
            found.append(_Token(each["quoted"], quoted=True))
            continue
        text = each[0].rstrip(".:'\u2019")
        text = re.sub("['\u2019]s$", "", text)
        if text:
            found.append(_Token(text))
    return found


def _longest(
    tokens: Sequence[_Token], at: int, spelled: Mapping[Words, Called], longest: int
) -> tuple[Segment, int]:
    """The longest phrase or name that begins here; the token alone where there is none."""
    first = tokens[at]
    if first.quoted:
        return Segment(text=f'"{first.text}"', called=spelled.get(first.words, ())), 1
    for end in range(min(len(tokens), at + longest), at, -1):
        part = tokens[at:end]
        if any(each.quoted for each in part):
            continue
        words = tuple(word for each in part for word in each.words)
        means, called = PHRASES.get(words), spelled.get(words, ())
        if means or called:
            text = " ".join(each.text for each in part)
            return Segment(text=text, means=means, called=called, plain=len(part) > 1), end - at
    return _percentile(tokens, at) or (Segment(text=first.text), 1)


def _percentile(tokens: Sequence[_Token], at: int) -> tuple[Segment, int] | None:
    """`p95`, `95th percentile`, `percentile 95`."""
    text = tokens[at].text.lower()
    following = tokens[at + 1].text.lower() if at + 1 < len(tokens) else ""
    found, taken = _PERCENTILE.fullmatch(text), 1
    if found is None and following in ("percentile", "percentiles"):
        found, taken = _ORDINAL.fullmatch(text), 2
    if found is None and text == "percentile":
        found, taken = _ORDINAL.fullmatch(following), 2
    if found is None or float(found[1]) > 100:
        return None
    share = found[1].rstrip("0").rstrip(".") if "." in found[1] else str(int(found[1]))
    shown = " ".join(each.text for each in tokens[at : at + taken])
    return Segment(text=shown, means=("aggregate", f"p{share}")), taken


def _timed(tokens: Sequence[_Token], at: int, now: datetime) -> tuple[Segment, int] | None:
    """A stretch of time that begins here."""
    words = [each.text.lower() for each in tokens[at : at + LONGEST_TIME]]
    found = time_of(words, now)
    if found is None:
        return None
    means, taken = found
    return Segment(text=" ".join(each.text for each in tokens[at : at + taken]), means=means), taken
