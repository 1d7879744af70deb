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

from evalkit.gate.bound import read_basis, read_comparison, read_limit
from evalkit.gate.figure import check_fits, read_aggregate, read_metric
from evalkit.gate.model import Basis, Comparison, Gate, unit_of_figure
from evalkit.gate.tokens import GateSyntaxError, TokenKind, Tokens
from evalkit.gate.where import read_label, read_where
from evalkit.metrics.definitions import Metric


def parse_gate(text: str) -> Gate:
    """The gate that the text says. Raises `GateSyntaxError`."""
    tokens = Tokens(text)
    warn = tokens.took("warn")
    first = tokens.next
    aggregate = read_aggregate(tokens)
    tokens.expect("(", f"after {aggregate} comes the metric in parentheses")
    metric = read_metric(tokens)
    check_fits(tokens, first, aggregate, metric)
    where = read_where(tokens, metric)
    op = read_comparison(tokens)
    unit = unit_of_figure(aggregate, metric)
    limit = read_limit(tokens, aggregate, metric, unit)
    basis, each = _tail(tokens, aggregate, op, metric)
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
    tokens: Tokens, aggregate: str, op: Comparison, metric: Metric
) -> tuple[Basis | None, str | None]:
    basis: Basis | None = None
    each: str | None = None
    while tokens.next.kind is not TokenKind.END:
        if basis is None and tokens.is_symbol("@"):
            basis = read_basis(tokens, aggregate, op)
        elif each is None and tokens.took("for"):
            each = _each(tokens, metric)
        else:
            raise _no_tail(tokens, basis, each)
    return basis, each


def _no_tail(tokens: Tokens, basis: Basis | None, each: str | None) -> GateSyntaxError:
    token = tokens.next
    rest = [] if basis is not None else ["@ 95%", "@ observed"]
    rest += [] if each is not None else ["for each LABEL"]
    problem = f"the gate should end before {token.shown}"
    meant = "for each" if token.text in ("per", "by", "each") and each is None else None
    return tokens.error(token, problem, rest, meant)


def _each(tokens: Tokens, metric: Metric) -> str:
    word = tokens.take()
    if not word.is_word("each"):
        raise tokens.error(word, f"after for comes each, not {word.shown}", ("each",))
    return read_label(tokens, metric)
