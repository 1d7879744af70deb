"""Reads what the figure of a gate is compared with, and how sure one has to be."""

from __future__ import annotations

from typing import cast

from evalkit.gate.limit import ALLOWED, WORDS, in_unit, parse_limit, unit_of
from evalkit.gate.model import COMPARISONS, Basis, Comparison
from evalkit.gate.tokens import GateSyntaxError, Token, TokenKind, Tokens
from evalkit.metrics.aggregate import percentile_share
from evalkit.metrics.definitions import Metric, Unit
from evalkit.suite.problems import closest

_MEANT = {"=": "==", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "≠": "!=", "!": "!="}


def read_comparison(tokens: Tokens) -> Comparison:
    """The comparison that comes next. Raises `GateSyntaxError`."""
    token = tokens.take()
    if token.kind is TokenKind.SYMBOL and token.text in COMPARISONS:
        return cast("Comparison", token.text)
    meant = _MEANT.get(token.text) if token.kind is not TokenKind.STRING else None
    raise tokens.error(token, f"here comes a comparison, not {token.shown}", COMPARISONS, meant)


def read_limit(tokens: Tokens, aggregate: str, metric: Metric, unit: Unit) -> float:
    """The limit that comes next, in the unit of the figure. Raises `GateSyntaxError`."""
    token = tokens.take()
    if token.kind is not TokenKind.WORD:
        raise tokens.error(token, f"here comes the limit, not {token.shown}", (ALLOWED[unit],))
    text = token.text
    if tokens.next.kind is TokenKind.WORD and unit_of(f"{text} {tokens.next.text}"):
        text = f"{text} {tokens.take().text}"  # the unit may stand apart from its number
    signed = metric.signed and aggregate not in ("count", "cv", "stddev")
    negative = signed and text.startswith("-")
    try:
        limit = parse_limit(text.removeprefix("-") if negative else text, unit)
    except ValueError as error:
        raise _wrong_limit(tokens, token, text, unit, error) from None
    limit = -limit if negative else limit
    if aggregate == "rate" and limit > 1:
        raise tokens.error(token, "a rate goes from 0% to 100%", (ALLOWED[unit],))
    return limit


def _wrong_limit(
    tokens: Tokens, token: Token, text: str, unit: Unit, error: ValueError
) -> GateSyntaxError:
    given = unit_of(text)
    shown = Token(TokenKind.WORD, text, token.column).shown
    if given is None:
        problem = f"{shown} is no limit; the figure is {WORDS[unit]}"
        if "too " in str(error):
            problem = f"{shown} is too much"
        return tokens.error(token, problem, (ALLOWED[unit],))
    problem = f"{shown} is {WORDS[given]}, but the figure is {WORDS[unit]}"
    meant = in_unit(text, unit) if given is Unit.COUNT else None
    return tokens.error(token, problem, (ALLOWED[unit],), meant)


def read_basis(tokens: Tokens, aggregate: str, op: Comparison) -> Basis | None:
    """The basis, if one comes next. Raises `GateSyntaxError`."""
    if not tokens.is_symbol("@"):
        return None
    at = tokens.take()
    token = tokens.take()
    if token.kind is TokenKind.WORD and token.text == "observed":
        return "observed"
    confidence = _confidence(token)
    if confidence is None:
        meant = closest(token.text, ("observed",)) if token.kind is TokenKind.WORD else None
        problem = f"after @ comes a confidence or the word observed, not {token.shown}"
        raise tokens.error(
            token, problem, ("95%, or another from 50% to 99.9999%", "observed"), meant
        )
    if op in ("==", "!="):
        raise tokens.error(at, f"no confidence can be had in {op}", ("<", "<=", ">", ">="))
    share = percentile_share(aggregate)
    if aggregate != "rate" and (share is None or not 0 < share < 1):
        allowed = ("rate", "p1…p99", "@ observed")
        raise tokens.error(at, f"no confidence can be had in a {aggregate}", allowed)
    return confidence


def _confidence(token: Token) -> float | None:
    try:
        share = parse_limit(token.text, Unit.SHARE)
    except ValueError:
        return None
    return share if token.kind is TokenKind.WORD and 0.5 <= share <= 0.999999 else None
