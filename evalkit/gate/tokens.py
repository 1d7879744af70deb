"""Cuts the text of a gate into tokens that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalkit.errors import UsageError

LONGEST = 1000
"""How many characters a gate may have."""

_EXCERPT = 100
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<symbol> [<>=!]= | =[<>] | [()<>=!@,] )
      | (?P<string> " (?: [^"\\] | \\. )* " | ' (?: [^'\\] | \\. )* ' )
      | (?P<quote> ["'] )
      | (?P<word> [^\s()<>=!@,"']+ )""",
    re.VERBOSE | re.DOTALL,
)


class GateSyntaxError(UsageError):
    """A gate that cannot be read. `column` counts from 1; the end of the text is one past it.

    `problem` says what is wrong, `allowed` what could stand there, `suggestion` what was probably
    meant.
    """

    def __init__(
        self,
        text: str,
        column: int,
        problem: str,
        *,
        allowed: Sequence[str] = (),
        suggestion: str | None = None,
    ) -> None:
        self.text = text
        self.column = column
        self.problem = problem
        self.allowed = tuple(allowed)
        self.suggestion = suggestion
        super().__init__("\n".join([problem, *self._excerpt(), *self._advice()]))

    def _excerpt(self) -> list[str]:
        shown = "".join(each if each.isprintable() else " " for each in self.text)
        start = max(0, self.column - 1 - _EXCERPT // 2) if len(shown) > _EXCERPT else 0
        caret = " " * (self.column - 1 - start)
        return [f"  {shown[start : start + _EXCERPT].rstrip()}", f"  {caret}^"]

    def _advice(self) -> list[str]:
        lines = [f"allowed: {', '.join(self.allowed)}"] if self.allowed else []
        return lines if self.suggestion is None else [*lines, f"did you mean {self.suggestion}?"]


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. `text` of a string is without its quotes; `column` counts from 1."""

    kind: TokenKind
    text: str
    column: int

    @property
    def shown(self) -> str:
        """How an error names it."""
        if self.kind is TokenKind.END:
            return "the end"
        text = "".join(each if each.isprintable() else " " for each in self.text)
        return f'"{text}"' if len(text) <= 40 else f'"{text[:39]}…"'

    def is_word(self, word: str) -> bool:
        """Whether it is this word."""
        return self.kind is TokenKind.WORD and self.text == word


def tokenize(text: str) -> list[Token]:
    """The tokens of a gate, an end token last. Raises `GateSyntaxError`."""
    if len(text) > LONGEST:
        raise GateSyntaxError(text, LONGEST + 1, f"a gate has at most {LONGEST} characters")
    tokens = [_token(text, found) for found in _TOKEN.finditer(text) if found.lastgroup != "space"]
    return [*tokens, Token(TokenKind.END, "", len(text) + 1)]


def _token(text: str, found: re.Match[str]) -> Token:
    column = found.start() + 1
    if found.lastgroup == "quote":
        raise GateSyntaxError(text, column, f"the {found[0]} that begins here has no end")
    if found.lastgroup == "string":
        return Token(TokenKind.STRING, re.sub(r"(?s)\\(.)", r"\1", found[0][1:-1]), column)
    return Token(TokenKind(found.lastgroup or ""), found[0], column)


class Tokens:
    """The tokens of a text, one after the other. The end comes again and again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that will be taken next."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """Take a token."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def took(self, word: str) -> bool:
        """Take this word if it comes next; whether it did."""
        there = self.next.is_word(word)
        if there:
            self.take()
        return there

    def is_symbol(self, text: str) -> bool:
        """Whether this symbol comes next."""
        return self.next.kind is TokenKind.SYMBOL and self.next.text == text

    def expect(self, symbol: str, why: str) -> None:
        """Take this symbol; `why` says what it is for. Raises `GateSyntaxError`."""
        if not self.is_symbol(symbol):
            raise self.error(self.next, f"{why}, not {self.next.shown}", (symbol,))
        self.take()

    def error(
        self,
        token: Token,
        problem: str,
        allowed: Sequence[str] = (),
        suggestion: str | None = None,
    ) -> GateSyntaxError:
        """What is wrong at this token."""
        return GateSyntaxError(
            self._text, token.column, problem, allowed=allowed, suggestion=suggestion
        )


def quoted(value: str) -> str:
    """A value as it is written in a gate: bare where it can be, else in quotes."""
    found = _TOKEN.fullmatch(value)
    if found is not None and found.lastgroup == "word":
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
