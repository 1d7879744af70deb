"""Reads the conditions of a gate."""

from __future__ import annotations

from typing import cast

from evalkit.gate.conditions import AllOf, AnyOf, Condition, LabelOp, Where, joined
from evalkit.gate.tokens import GateSyntaxError, Token, TokenKind, Tokens
from evalkit.metrics.definitions import LABEL_VALUES, Metric, row_word
from evalkit.suite.problems import closest

DEEPEST = 20
"""How deep the parentheses of conditions may be."""


def read_where(tokens: Tokens, metric: Metric) -> Where | None:
    """The conditions, if any, up to and with the parenthesis that closes the figure. Raises
    `GateSyntaxError`.
    """
    if tokens.is_symbol(")"):
        tokens.take()
        return None
    word = tokens.take()
    if not word.is_word("where"):
        meant = closest(word.text, ("where",)) if word.kind is TokenKind.WORD else None
        raise tokens.error(word, f"after the metric comes no {word.shown}", ("where", ")"), meant)
    return _any(tokens, metric, 0)


def _any(tokens: Tokens, metric: Metric, depth: int) -> Where:
    """Conditions up to and with the parenthesis that closes them."""
    branches: list[list[Where]] = [[_part(tokens, metric, depth)]]
    while not tokens.is_symbol(")"):
        if tokens.took("and"):
            branches[-1].append(_part(tokens, metric, depth))
        elif tokens.took("or"):
            branches.append([_part(tokens, metric, depth)])
        else:
            raise _no_condition(tokens, branches[-1][-1])
    tokens.take()
    return joined(AnyOf, [joined(AllOf, each) for each in branches])


def _part(tokens: Tokens, metric: Metric, depth: int) -> Where:
    if not tokens.is_symbol("("):
        return _condition(tokens, metric)
    if depth == DEEPEST:
        raise tokens.error(tokens.next, f"parentheses are at most {DEEPEST} deep")
    tokens.take()
    return _any(tokens, metric, depth + 1)


def _no_condition(tokens: Tokens, last: Where) -> GateSyntaxError:
    word = tokens.next
    meant = _one_value(last, word) if isinstance(last, Condition) else None
    if word.text.lower() in ("and", "or", "&&", "||", "&", "|"):
        meant = "or" if word.text.lower() in ("or", "||", "|") else "and"
    allowed = ("and", "or", ")")
    return tokens.error(word, f"after a condition comes no {word.shown}", allowed, meant)


def _condition(tokens: Tokens, metric: Metric) -> Condition:
    label = read_label(tokens, metric)
    op = tokens.take()
    if op.kind is not TokenKind.SYMBOL or op.text not in ("=", "!="):
        meant = "=" if op.text == "==" and op.kind is TokenKind.SYMBOL else None
        raise tokens.error(op, f"after a label comes no {op.shown}", ("=", "!="), meant)
    return _with_value(tokens, label, cast("LabelOp", op.text))


def read_label(tokens: Tokens, metric: Metric) -> str:
    """The label of the metric that comes next. Raises `GateSyntaxError`."""
    label = tokens.take()
    if label.kind is TokenKind.WORD and label.text in metric.labels:
        return label.text
    problem = f"a {row_word(metric.table)} has no label {label.shown}"
    if label.kind is not TokenKind.WORD:
        problem = f"here comes a label, not {label.shown}"
    meant = closest(label.text, metric.labels) if label.kind is TokenKind.WORD else None
    raise tokens.error(label, problem, metric.labels, meant)


def _with_value(tokens: Tokens, label: str, op: LabelOp) -> Condition:
    token = tokens.take()
    if token.kind not in (TokenKind.WORD, TokenKind.STRING):
        raise tokens.error(token, f"here comes a value of {label}, not {token.shown}")
    condition = Condition(label, op, token.text)
    values = LABEL_VALUES.get(label)
    if values is not None and not any(map(condition.matches, values)):
        problem = f"{label} is never {token.shown}"
        raise tokens.error(token, problem, values, closest(token.text, values))
    return condition


def _one_value(condition: Condition, word: Token) -> str | None:
    """The condition with a value that should have been in quotes, for it holds a space."""
    if word.kind is not TokenKind.WORD or word.text.lower() in ("or", "and"):
        return None
    value = f"{condition.value} {word.text}"
    return str(Condition(condition.label, condition.op, value))
