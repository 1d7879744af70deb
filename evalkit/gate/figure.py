"""Reads what a gate is about: an aggregate of a metric."""

from __future__ import annotations

from decimal import Decimal

from evalkit.gate.limit import WORDS
from evalkit.gate.tokens import Token, TokenKind, Tokens
from evalkit.metrics.aggregate import AGGREGATES, percentile_share
from evalkit.metrics.definitions import METRICS, Kind, Metric
from evalkit.suite.problems import closest

_NUMERIC = ("mean", "min", "max", "sum", "stddev", "cv")


def read_aggregate(tokens: Tokens) -> str:
    """The aggregate that comes next. Raises `GateSyntaxError`."""
    token = tokens.take()
    name = token.text if token.kind is TokenKind.WORD else ""
    if name in AGGREGATES:
        return name
    if percentile_share(name) is not None:
        return _plain_percentile(name)
    allowed = (*AGGREGATES, "p0…p100")
    if name[:1] == "p" and name[1:].replace(".", "", 1).isdigit():
        raise tokens.error(
            token, f"{token.shown} is no percentile", ("p0…p100, as in p90 or p99.9",)
        )
    if token.kind is TokenKind.END:
        raise tokens.error(token, "the gate is empty", ("aggregate(metric) < limit",))
    problem = f"a gate begins with an aggregate, not with {token.shown}"
    raise tokens.error(
        token,
        problem,
        allowed,
        closest(name, ("warn", *AGGREGATES, "p50", "p90", "p95", "p99")),
    )


def read_metric(tokens: Tokens) -> Metric:
    """The metric that comes next. Raises `GateSyntaxError`."""
    token = tokens.take()
    metric = METRICS.get(token.text) if token.kind is TokenKind.WORD else None
    if metric is not None:
        return metric
    if token.kind is not TokenKind.WORD:
        raise tokens.error(token, f"here comes a metric, not {token.shown}", tuple(METRICS))
    ending = [name for name in METRICS if name.partition(".")[2] == token.text]
    meant = ending[0] if ending else closest(token.text, METRICS)
    raise tokens.error(token, f"there is no metric {token.shown}", tuple(METRICS), meant)


def check_fits(tokens: Tokens, token: Token, aggregate: str, metric: Metric) -> None:
    """A rate is of true-or-false metrics; all else but a count is of numbers."""
    if metric.kind is Kind.BOOLEAN and aggregate not in ("rate", "count"):
        problem = f"{metric.name} is true or false, and has no {aggregate}"
        raise tokens.error(token, problem, ("rate", "count"))
    if metric.kind is Kind.NUMBER and aggregate == "rate":
        problem = f"{metric.name} is {WORDS[metric.unit]}, and a rate is of what is true or false"
        raise tokens.error(token, problem, ("count", *_NUMERIC, "p0…p100"))


def _plain_percentile(name: str) -> str:
    """The one way to write a percentile: p99.9 for p099.90."""
    share = Decimal(name[1:])
    text = format(share, "f")
    return f"p{text.rstrip('0').rstrip('.') if '.' in text else text}"
