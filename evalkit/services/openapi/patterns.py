"""A text that matches a regular expression.

It knows what contracts use: literals, classes, groups, alternatives, repetitions and anchors at the
ends. What looks around or back is `Unmade`. Whoever asks checks the text, for an anchor in the
middle can make it fail.

    alternatives = sequence ("|" sequence)*
    sequence     = (atom repetition?)*
    atom         = "(" alternatives ")" | "[" class "]" | "\\" escape | "." | character
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from evalkit.keyed import Draw

MOST_REPEATED = 3
"""How many more than the least an open repetition gives."""

LONGEST = 10_000
"""How long a text may become, in characters."""

_Maker: TypeAlias = Callable[[Draw], str]

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PRINTABLE = "".join(map(chr, range(32, 127)))
_CLASSES = {"d": _DIGITS, "w": _LETTERS + _DIGITS + "_", "s": " "}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_REPEAT = re.compile(r"([*+?]|\{([0-9]{1,6})(,([0-9]{0,6}))?\})[?+]?")
_GROUP = re.compile(r"\((\?:|\?P<[A-Za-z_][A-Za-z0-9_]*>|(?!\?))")


class Unmade(ValueError):
    """Nothing can be made that matches."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[_Maker, re.Pattern[str]]:
    reader = _Reader(pattern)
    maker = reader.alternatives()
    if reader.at < len(pattern):
        raise Unmade(f"the pattern {pattern} is not understood at {pattern[reader.at]}")
    return maker, re.compile(pattern)


def matching(pattern: str, draw: Draw) -> str:
    """A text that matches the pattern. Raises `Unmade`."""
    try:
        make, compiled = _compiled(pattern)
        text = make(draw)
    except RecursionError:
        raise Unmade(f"the pattern {pattern[:60]} is nested too deep") from None
    if compiled.search(text) is None:
        raise Unmade(f"no text was found for the pattern {pattern[:60]}")
    return text


class _Reader:
    """Reads a pattern that Python's `re` can compile, so its brackets are known to match."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> _Maker:
        """Sequences with `|` between them."""
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        return lambda draw: found[draw.below(len(found), "which")](draw.at("branch"))

    def _sequence(self) -> _Maker:
        parts: list[_Maker] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return lambda draw: "".join(part(draw.at(place)) for place, part in enumerate(parts))

    def _repeated(self, atom: _Maker) -> _Maker:
        found = _REPEAT.match(self.pattern, self.at)
        if found is None:
            return atom
        self.at = found.end()
        sign, least, comma, most = found.groups()
        low = int(least) if least else int(sign == "+")
        high = low if least and not comma else int(most) if most else low + MOST_REPEATED
        high = 1 if sign == "?" else min(high, low + 20)

        def make(draw: Draw) -> str:
            count = low + draw.below(high - low + 1, "count")
            if count > LONGEST:
                raise Unmade("the pattern asks for too long a text")
            text = "".join(atom(draw.at(number)) for number in range(count))
            if len(text) > LONGEST:
                raise Unmade("the pattern asks for too long a text")
            return text

        return make

    def _atom(self) -> _Maker:
        sign = self.pattern[self.at]
        if sign == "(":
            return self._group()
        if sign == "[":
            return _one_of(self._class())
        self.at += 1
        if sign in "^$":
            return lambda _: ""
        if sign == ".":
            return _one_of(_LETTERS + _DIGITS)
        return _one_of(self._escape(outside=True)) if sign == "\\" else lambda _: sign

    def _group(self) -> _Maker:
        found = _GROUP.match(self.pattern, self.at)
        if found is None:
            raise Unmade(f"a text cannot be made for `{self.pattern[self.at : self.at + 5]}…`")
        self.at = found.end()
        inner = self.alternatives()
        self._take(")")
        return inner

    def _escape(self, *, outside: bool) -> str:
        """The characters that an escape stands for; the backslash is read already."""
        sign = self.pattern[self.at]
        self.at += 1
        if sign.lower() in _CLASSES:
            own = _CLASSES[sign.lower()]
            return own if sign.islower() else _without(own)
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign in "xu":
            length = 2 if sign == "x" else 4
            code = self.pattern[self.at : self.at + length]
            self.at += length
            return chr(int(code, 16))
        if outside and sign in "bBAZ":
            return ""
        if sign.isalnum():
            raise Unmade(f"a text cannot be made for `\\{sign}`")
        return sign

    def _class(self) -> str:
        self.at += 1
        inverted = self._take("^")
        found = ""
        while not (self.pattern[self.at] == "]" and found):
            low = self._member()
            ahead = self.pattern[self.at : self.at + 2]
            if ahead[:1] == "-" and ahead[1:] != "]" and len(low) == 1:
                self.at += 1
                high = self._member()
                last = min(ord(high[-1]), ord(low) + 500)
                low = "".join(map(chr, range(ord(low), last + 1)))
            found += low
        self.at += 1
        return _without(found) if inverted else found

    def _member(self) -> str:
        sign = self.pattern[self.at]
        self.at += 1
        return self._escape(outside=False) if sign == "\\" else sign

    def _take(self, sign: str) -> bool:
        there = self.pattern.startswith(sign, self.at)
        self.at += there
        return there


def _one_of(characters: str) -> _Maker:
    if not characters:
        return lambda _: ""
    return lambda draw: characters[draw.below(len(characters), "character")]


def _without(characters: str) -> str:
    left = "".join(each for each in _PRINTABLE if each not in characters)
    if not left:
        raise Unmade("a class of characters leaves nothing to choose")
    return left
