"""The language of gates.

    gate       = [ "warn" ] aggregate "(" metric [ "where" any ] ")" comparison limit { tail }
    aggregate  = "count" | "rate" | "mean" | "min" | "max" | "sum" | "stddev" | "cv"
               | "p0" … "p100"                   with decimals, as in p99.9
    metric     = the name of a metric, as in turn.latency
    any        = all { "or" all }
    all        = part { "and" part }             `and` binds closer than `or`
    part       = condition | "(" any ")"
    condition  = label ( "=" | "!=" ) value      the value in quotes if it holds spaces or symbols
    value      = a text, `none` for no label at all, or a glob: * any text, ? one sign, [abc] one of
                 these; a value always matches itself, whatever signs it is made of
    comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
    limit      = [ "-" ] 850ms | 2% | $0.02 | 3  in the unit of the figure; below zero only where
                 the figure can be, which is that of a difference
    tail       = "@" basis | "for" "each" label  each of the two at most once, in either order
    basis      = 95% | "observed"

What they mean:

* A `rate` is of a metric that is true or false: the share of rows where it is true; `count` counts
  these. Of a metric that is a number `count` counts the rows that have it, and all other aggregates
  are of its values. A percentile is by nearest rank: p90 is a value that was seen. `stddev` is of
  the sample, `cv` is stddev / mean.
* Units: a rate and a cv are shares (2%), a count is a plain number, and the other figures are in
  the metric's own unit: a duration (ns, us, ms, s, min, h, d), a share, US dollars, or a number.
* `where` chooses rows by their labels, which are those of the metric's table:
  calls: scenario, service, operation, model, region, fault, cause, recovered;
  turns: scenario, region, fault, answer, model;
  sessions: scenario, region, fault, recovered, answer, end, model.
  A row hit by several faults has each of them, so `fault=delay and fault=status` can hold; and a
  turn or session each of the models that it asked. What one model cost is in its calls:
  `sum(call.cost where model=gpt-4o)`.
* `for each service` judges the gate once for every service that occurs in its rows, and for every
  one that has to: a service of the suite that is not `optional`. `for each region`: likewise, every
  region of the sessions planned. Any other label of the metric: every value that occurs. A value
  without a sample is no data.
* `@ observed` judges the figure that was seen. `@ 95%` (50% to 99.9999%) takes the sessions for a
  sample and asks for that confidence, of a rate or a percentile strictly between p0 and p100, with
  <, <=, > or >=. Without either, the mode of the run decides: simulated sessions are a census, and
  the figure seen is judged.
* `warn` shows the gate and its verdict, and keeps nothing from passing.
* A gate without a sample is no data, which does not pass. A gate on cost, tokens, or a difference
  from the sessions without faults passes only if the figure of every row is known: one model call
  without a price is enough to keep it from passing.

A mistake is a `GateSyntaxError` that names its column, what could stand there and what was probably
meant.
"""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from evalkit.gate.conditions import AllOf, AnyOf, Condition, LabelOp, Where, joined
from evalkit.gate.limit import ALLOWED, WORDS, in_unit, parse_limit, unit_of
from evalkit.gate.model import COMPARISONS, Basis, Comparison, Gate, unit_of_figure
from evalkit.gate.tokens import GateSyntaxError, Token, TokenKind, Tokens
from evalkit.metrics.aggregate import AGGREGATES, percentile_share
from evalkit.metrics.definitions import LABEL_VALUES, METRICS, Kind, Metric, Unit, row_word
from evalkit.suite.problems import closest

_MEANT = {"=": "==", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "≠": "!=", "!": "!="}
DEEPEST = 20
"""How deep the parentheses of conditions may be."""

_NUMERIC = ("mean", "min", "max", "sum", "stddev", "cv")


def parse_gate(text: str) -> Gate:
    """The gate that the text says. Raises `GateSyntaxError`."""
    return _Parser(text).gate()


class _Parser:
    """Recursive descent: a method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._depth = 0

    def gate(self) -> Gate:
        warn = self._took("warn")
        first = self._tokens.next
        aggregate = self._aggregate()
        self._tokens.expect("(", f"after {aggregate} comes the metric in parentheses")
        metric = self._metric()
        self._check_fits(first, aggregate, metric)
        where = self._where(metric)
        op = self._comparison()
        unit = unit_of_figure(aggregate, metric)
        limit = self._limit(aggregate, metric, unit)
        basis, each = self._tail(aggregate, op, metric)
        return Gate(
            aggregate=aggregate,
            metric=metric,
            where=where,
            op=op,
            limit=limit,
            unit=unit,
            basis=basis,
            each=each,
            blocking=not warn,
        )

    def _tail(
        self, aggregate: str, op: Comparison, metric: Metric
    ) -> tuple[Basis | None, str | None]:
        basis: Basis | None = None
        each: str | None = None
        while self._tokens.next.kind is not TokenKind.END:
            if basis is None and self._tokens.is_symbol("@"):
                basis = self._basis(aggregate, op)
            elif each is None and self._took("for"):
                each = self._each(metric)
            else:
                raise self._no_tail(basis, each)
        return basis, each

    def _no_tail(self, basis: Basis | None, each: str | None) -> GateSyntaxError:
        token = self._tokens.next
        rest = [] if basis is not None else ["@ 95%", "@ observed"]
        rest += [] if each is not None else ["for each LABEL"]
        problem = f"the gate should end before {token.shown}"
        meant = "for each" if token.text in ("per", "by", "each") and each is None else None
        return self._tokens.error(token, problem, rest, meant)

    def _each(self, metric: Metric) -> str:
        word = self._tokens.take()
        if not _is_word(word, "each"):
            raise self._tokens.error(word, f"after for comes each, not {word.shown}", ("each",))
        return self._label(metric)

    def _took(self, word: str) -> bool:
        """Take this word if it comes next."""
        there = _is_word(self._tokens.next, word)
        if there:
            self._tokens.take()
        return there

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
            token,
            problem,
            allowed,
            closest(name, ("warn", *AGGREGATES, "p50", "p90", "p95", "p99")),
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

    def _where(self, metric: Metric) -> Where | None:
        if self._tokens.is_symbol(")"):
            self._tokens.take()
            return None
        word = self._tokens.take()
        if not _is_word(word, "where"):
            meant = closest(word.text, ("where",)) if word.kind is TokenKind.WORD else None
            raise self._tokens.error(
                word, f"after the metric comes no {word.shown}", ("where", ")"), meant
            )
        return self._any(metric)

    def _any(self, metric: Metric) -> Where:
        """Conditions up to and with the parenthesis that closes them."""
        branches: list[list[Where]] = [[self._part(metric)]]
        while not self._tokens.is_symbol(")"):
            if self._took("and"):
                branches[-1].append(self._part(metric))
            elif self._took("or"):
                branches.append([self._part(metric)])
            else:
                raise self._no_condition(branches[-1][-1])
        self._tokens.take()
        return joined(AnyOf, [joined(AllOf, each) for each in branches])

    def _part(self, metric: Metric) -> Where:
        if not self._tokens.is_symbol("("):
            return self._condition(metric)
        self._depth += 1
        if self._depth > DEEPEST:
            problem = f"parentheses are at most {DEEPEST} deep"
            raise self._tokens.error(self._tokens.next, problem)
        self._tokens.take()
        inner = self._any(metric)
        self._depth -= 1
        return inner

    def _no_condition(self, last: Where) -> GateSyntaxError:
        word = self._tokens.next
        meant = _one_value(last, word) if isinstance(last, Condition) else None
        if word.text.lower() in ("and", "or", "&&", "||", "&", "|"):
            meant = "or" if word.text.lower() in ("or", "||", "|") else "and"
        allowed = ("and", "or", ")")
        return self._tokens.error(word, f"after a condition comes no {word.shown}", allowed, meant)

    def _condition(self, metric: Metric) -> Condition:
        label = self._label(metric)
        op = self._tokens.take()
        if op.kind is not TokenKind.SYMBOL or op.text not in ("=", "!="):
            meant = "=" if op.text == "==" and op.kind is TokenKind.SYMBOL else None
            raise self._tokens.error(op, f"after a label comes no {op.shown}", ("=", "!="), meant)
        return self._with_value(label, cast("LabelOp", op.text))

    def _label(self, metric: Metric) -> str:
        label = self._tokens.take()
        if label.kind is TokenKind.WORD and label.text in metric.labels:
            return label.text
        problem = f"a {row_word(metric.table)} has no label {label.shown}"
        if label.kind is not TokenKind.WORD:
            problem = f"here comes a label, not {label.shown}"
        meant = closest(label.text, metric.labels) if label.kind is TokenKind.WORD else None
        raise self._tokens.error(label, problem, metric.labels, meant)

    def _with_value(self, label: str, op: LabelOp) -> Condition:
        token = self._tokens.take()
        if token.kind not in (TokenKind.WORD, TokenKind.STRING):
            raise self._tokens.error(token, f"here comes a value of {label}, not {token.shown}")
        condition = Condition(label, op, token.text)
        values = LABEL_VALUES.get(label)
        if values is not None and not any(map(condition.matches, values)):
            problem = f"{label} is never {token.shown}"
            raise self._tokens.error(token, problem, values, closest(token.text, values))
        return condition

    # Comparison, limit and basis ---------------------------------------------------------------

    def _comparison(self) -> Comparison:
        token = self._tokens.take()
        if token.kind is TokenKind.SYMBOL and token.text in COMPARISONS:
            return cast("Comparison", token.text)
        meant = _MEANT.get(token.text) if token.kind is not TokenKind.STRING else None
        raise self._tokens.error(
            token, f"here comes a comparison, not {token.shown}", COMPARISONS, meant
        )

    def _limit(self, aggregate: str, metric: Metric, unit: Unit) -> float:
        token = self._tokens.take()
        if token.kind is not TokenKind.WORD:
            raise self._tokens.error(
                token, f"here comes the limit, not {token.shown}", (ALLOWED[unit],)
            )
        text = token.text
        if self._tokens.next.kind is TokenKind.WORD and unit_of(f"{text} {self._tokens.next.text}"):
            text = f"{text} {self._tokens.take().text}"  # the unit may stand apart from its number
        signed = metric.signed and aggregate not in ("count", "cv", "stddev")
        negative = signed and text.startswith("-")
        try:
            limit = parse_limit(text.removeprefix("-") if negative else text, unit)
        except ValueError as error:
            raise self._wrong_limit(token, text, unit, error) from None
        limit = -limit if negative else limit
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


def _is_word(token: Token, word: str) -> bool:
    return token.kind is TokenKind.WORD and token.text == word


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
