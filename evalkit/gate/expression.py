"""The language of gates.

    gate       = aggregate "(" metric [ "where" condition { "and" condition } ] ")"
                 comparison limit [ "@" basis ]
    aggregate  = "count" | "rate" | "mean" | "min" | "max" | "sum" | "stddev" | "cv"
               | "p0" … "p100"                   with decimals, as in p99.9
    metric     = the name of a metric, as in turn.latency
    condition  = label ( "=" | "!=" ) value      the value in quotes if it holds spaces or symbols
    comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
    limit      = 850ms | 2% | $0.02 | 3          in the unit of the figure
    basis      = 95% | "observed"

`@ observed` judges the figure that was seen. `@ 95%` takes the sessions for a sample and asks for
that confidence, of a rate or a percentile. Without either, the mode of the run decides.
"""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from evalkit.gate.limit import ALLOWED, WORDS, in_unit, parse_limit, unit_of
from evalkit.gate.model import (
    COMPARISONS,
    Basis,
    Comparison,
    Condition,
    Gate,
    LabelOp,
    unit_of_figure,
)
from evalkit.gate.tokens import GateSyntaxError, Token, TokenKind, Tokens
from evalkit.metrics.aggregate import AGGREGATES, percentile_share
from evalkit.metrics.definitions import LABEL_VALUES, METRICS, Kind, Metric, Unit, row_word
from evalkit.suite.problems import closest

_MEANT = {"=": "==", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "≠": "!=", "!": "!="}
_NUMERIC = ("mean", "min", "max", "sum", "stddev", "cv")


def parse_gate(text: str) -> Gate:
    """The gate that the text says. Raises `GateSyntaxError`."""
    return _Parser(text).gate()


class _Parser:
    """Recursive descent: a method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)

    def gate(self) -> Gate:
        first = self._tokens.next
        aggregate = self._aggregate()
        self._tokens.expect("(", f"after {aggregate} comes the metric in parentheses")
        metric = self._metric()
        self._check_fits(first, aggregate, metric)
        where = self._where(metric)
        op = self._comparison()
        unit = unit_of_figure(aggregate, metric)
        limit = self._limit(aggregate, unit)
        basis = self._basis(aggregate, op)
        if self._tokens.next.kind is not TokenKind.END:
            rest = ("@ 95%", "@ observed") if basis is None else ()
            raise self._tokens.error(
                self._tokens.next, f"the gate should end before {self._tokens.next.shown}", rest
            )
        return Gate(
            aggregate=aggregate,
            metric=metric,
            where=where,
            op=op,
            limit=limit,
            unit=unit,
            basis=basis,
        )

    # Aggregate and metric ----------------------------------------------------------------------

    def _aggregate(self) -> str:
        token = self._tokens.take()
        name = token.text if token.kind is TokenKind.WORD else ""
        if name in AGGREGATES:
            return name
        if percentile_share(name) is not None:
            return _plain_percentile(name)
        allowed = (*AGGREGATES, "p0…p100")
        if name[:1] == "p" and name[1:].replace(".", "", 1).isdigit():
            raise self._tokens.error(
                token, f"{token.shown} is no percentile", ("p0…p100, as in p90 or p99.9",)
            )
        if token.kind is TokenKind.END:
            raise self._tokens.error(token, "the gate is empty", ("aggregate(metric) < limit",))
        problem = f"a gate begins with an aggregate, not with {token.shown}"
        raise self._tokens.error(
            token, problem, allowed, closest(name, (*AGGREGATES, "p50", "p90", "p95", "p99"))
        )

    def _metric(self) -> Metric:
        token = self._tokens.take()
        metric = METRICS.get(token.text) if token.kind is TokenKind.WORD else None
        if metric is not None:
            return metric
        if token.kind is not TokenKind.WORD:
            raise self._tokens.error(
                token, f"here comes a metric, not {token.shown}", tuple(METRICS)
            )
        ending = [name for name in METRICS if name.partition(".")[2] == token.text]
        meant = ending[0] if ending else closest(token.text, METRICS)
        raise self._tokens.error(token, f"there is no metric {token.shown}", tuple(METRICS), meant)

    def _check_fits(self, token: Token, aggregate: str, metric: Metric) -> None:
        """A rate is of true-or-false metrics; all else but a count is of numbers."""
        if metric.kind is Kind.BOOLEAN and aggregate not in ("rate", "count"):
            problem = f"{metric.name} is true or false, and has no {aggregate}"
            raise self._tokens.error(token, problem, ("rate", "count"))
        if metric.kind is Kind.NUMBER and aggregate == "rate":
            problem = (
                f"{metric.name} is {WORDS[metric.unit]}, and a rate is of what is true or false"
            )
            raise self._tokens.error(token, problem, ("count", *_NUMERIC, "p0…p100"))

    # Conditions --------------------------------------------------------------------------------

    def _where(self, metric: Metric) -> tuple[Condition, ...]:
        if self._tokens.is_symbol(")"):
            self._tokens.take()
            return ()
        word = self._tokens.take()
        if word.kind is not TokenKind.WORD or word.text != "where":
            meant = closest(word.text, ("where",)) if word.kind is TokenKind.WORD else None
            raise self._tokens.error(
                word, f"after the metric comes no {word.shown}", ("where", ")"), meant
            )
        conditions = [self._condition(metric)]
        while not self._tokens.is_symbol(")"):
            word = self._tokens.take()
            if word.kind is not TokenKind.WORD or word.text != "and":
                problem = f"after a condition comes no {word.shown}"
                meant = _one_value(conditions[-1], word)
                raise self._tokens.error(word, problem, ("and", ")"), meant)
            conditions.append(self._condition(metric))
        self._tokens.take()
        return tuple(conditions)

    def _condition(self, metric: Metric) -> Condition:
        label = self._tokens.take()
        if label.kind is not TokenKind.WORD or label.text not in metric.labels:
            row = row_word(metric.table)
            problem = f"a {row} has no label {label.shown}"
            if label.kind is not TokenKind.WORD:
                problem = f"here comes a label, not {label.shown}"
            meant = closest(label.text, metric.labels) if label.kind is TokenKind.WORD else None
            raise self._tokens.error(label, problem, metric.labels, meant)
        op = self._tokens.take()
        if op.kind is not TokenKind.SYMBOL or op.text not in ("=", "!="):
            meant = "=" if op.text == "==" and op.kind is TokenKind.SYMBOL else None
            raise self._tokens.error(op, f"after a label comes no {op.shown}", ("=", "!="), meant)
        return Condition(label.text, cast("LabelOp", op.text), self._label_value(label.text))

    def _label_value(self, label: str) -> str:
        token = self._tokens.take()
        if token.kind not in (TokenKind.WORD, TokenKind.STRING):
            raise self._tokens.error(token, f"here comes a value of {label}, not {token.shown}")
        values = LABEL_VALUES.get(label)
        if values is not None and token.text not in values:
            problem = f"{label} is never {token.shown}"
            raise self._tokens.error(token, problem, values, closest(token.text, values))
        return token.text

    # Comparison, limit and basis ---------------------------------------------------------------

    def _comparison(self) -> Comparison:
        token = self._tokens.take()
        if token.kind is TokenKind.SYMBOL and token.text in COMPARISONS:
            return cast("Comparison", token.text)
        meant = _MEANT.get(token.text) if token.kind is not TokenKind.STRING else None
        raise self._tokens.error(
            token, f"here comes a comparison, not {token.shown}", COMPARISONS, meant
        )

    def _limit(self, aggregate: str, unit: Unit) -> float:
        token = self._tokens.take()
        if token.kind is not TokenKind.WORD:
            raise self._tokens.error(
                token, f"here comes the limit, not {token.shown}", (ALLOWED[unit],)
            )
        text = token.text
        if self._tokens.next.kind is TokenKind.WORD and unit_of(f"{text} {self._tokens.next.text}"):
            text = f"{text} {self._tokens.take().text}"  # the unit may stand apart from its number
        try:
            limit = parse_limit(text, unit)
        except ValueError as error:
            raise self._wrong_limit(token, text, unit, error) from None
        if aggregate == "rate" and limit > 1:
            raise self._tokens.error(token, "a rate goes from 0% to 100%", (ALLOWED[unit],))
        return limit

    def _wrong_limit(
        self, token: Token, text: str, unit: Unit, error: ValueError
    ) -> GateSyntaxError:
        given = unit_of(text)
        shown = Token(TokenKind.WORD, text, token.column).shown
        if given is None:
            problem = f"{shown} is no limit; the figure is {WORDS[unit]}"
            if "too " in str(error):
                problem = f"{shown} is too much"
            return self._tokens.error(token, problem, (ALLOWED[unit],))
        problem = f"{shown} is {WORDS[given]}, but the figure is {WORDS[unit]}"
        meant = in_unit(text, unit) if given is Unit.COUNT else None
        return self._tokens.error(token, problem, (ALLOWED[unit],), meant)

    def _basis(self, aggregate: str, op: Comparison) -> Basis | None:
        if not self._tokens.is_symbol("@"):
            return None
        at = self._tokens.take()
        token = self._tokens.take()
        if token.kind is TokenKind.WORD and token.text == "observed":
            return "observed"
        confidence = _confidence(token)
        if confidence is None:
            meant = closest(token.text, ("observed",)) if token.kind is TokenKind.WORD else None
            problem = f"after @ comes a confidence or the word observed, not {token.shown}"
            raise self._tokens.error(
                token, problem, ("95%, or another from 50% to 99.9999%", "observed"), meant
            )
        if op in ("==", "!="):
            raise self._tokens.error(
                at, f"no confidence can be had in {op}", ("<", "<=", ">", ">=")
            )
        share = percentile_share(aggregate)
        if aggregate != "rate" and (share is None or not 0 < share < 1):
            allowed = ("rate", "p1…p99", "@ observed")
            raise self._tokens.error(at, f"no confidence can be had in a {aggregate}", allowed)
        return confidence


def _one_value(condition: Condition, word: Token) -> str | None:
    """The condition with a value that should have been in quotes, for it holds a space."""
    if word.kind is not TokenKind.WORD or word.text.lower() in ("or", "and"):
        return None
    value = f"{condition.value} {word.text}"
    return str(Condition(condition.label, condition.op, value))


def _plain_percentile(name: str) -> str:
    """The one way to write a percentile: p99.9 for p099.90."""
    share = Decimal(name[1:])
    text = format(share, "f")
    return f"p{text.rstrip('0').rstrip('.') if '.' in text else text}"


def _confidence(token: Token) -> float | None:
    try:
        share = parse_limit(token.text, Unit.SHARE)
    except ValueError:
        return None
    return share if token.kind is TokenKind.WORD and 0.5 <= share <= 0.999999 else None
