"""One mistake in a file: where it is, what is wrong, what is allowed, what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

EXCERPT_WIDTH = 100
ALLOWED_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A mistake in a file. `line` and `column` count from 1; None means the file as a whole.

    `excerpt` is the line itself. `allowed` lists what could stand there, and `suggestion` is the
    one of it that was probably meant.
    """

    file: str
    line: int | None = None
    column: int | None = None
    message: str
    excerpt: str | None = None
    allowed: tuple[str, ...] = ()
    suggestion: str | None = None

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._excerpt(), *self._advice()])

    @property
    def place(self) -> str:
        """The file, with line and column where they are known, as editors and CI read it."""
        return ":".join(str(each) for each in (self.file, self.line, self.column) if each)

    def _headline(self) -> str:
        return f"{self.place}: {self.message}"

    def _excerpt(self) -> list[str]:
        if self.excerpt is None or self.line is None or self.column is None:
            return []
        shown, caret = _window(self.excerpt, self.column - 1)
        number = str(self.line)
        return [f"  {number} | {shown}", f"  {' ' * len(number)} | {' ' * caret}^"]

    def _advice(self) -> list[str]:
        allowed = ", ".join(self.allowed[:ALLOWED_SHOWN])
        more = len(self.allowed) - ALLOWED_SHOWN
        lines = [f"  allowed: {allowed}{f', and {more} more' if more > 0 else ''}"]
        lines = lines if self.allowed else []
        return lines if self.suggestion is None else [*lines, f"  did you mean {self.suggestion}?"]


def closest(given: object, allowed: Iterable[str]) -> str | None:
    """The one of the allowed words that was probably meant, or None."""
    words = {each.lower(): each for each in reversed(list(allowed))}
    # Beyond this length nothing is a slip of the pen, and comparing would take long.
    text = str(given)[:80].lower()
    found = get_close_matches(text, words, n=1)
    return words[found[0]] if found else None


def _window(line: str, at: int) -> tuple[str, int]:
    """The part of a line around a place, and the place in it; each character one column wide."""
    line = "".join(char if char.isprintable() else " " for char in line)
    start = max(0, at - EXCERPT_WIDTH // 2) if len(line) > EXCERPT_WIDTH else 0
    part = line[start : start + EXCERPT_WIDTH]
    before, after = "…" * (start > 0), "…" * (start + EXCERPT_WIDTH < len(line))
    return f"{before}{part}{after}".rstrip(), at - start + len(before)
