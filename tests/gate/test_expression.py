import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evalkit.errors import UsageError
from evalkit.gate import Gate, GateSyntaxError, parse_gate
from evalkit.gate.tokens import LONGEST
from evalkit.metrics import LABEL_VALUES, METRICS, Kind, Unit

GOOD = [
    ("p90(turn.latency) < 850ms", "p90(turn.latency) < 850ms"),
    ("p90(turn.latency)<850ms", "p90(turn.latency) < 850ms"),
    ("  p90 ( turn.latency )  <\n 850 ms ", "p90(turn.latency) < 850ms"),
    ("p99.9(turn.latency) <= 2min", "p99.9(turn.latency) <= 2min"),
    ("p099.90(turn.latency) <= 1.5s", "p99.9(turn.latency) <= 1.5s"),
    ("p0(turn.latency) > 0s", "p0(turn.latency) > 0s"),
    ("p100(call.attempts) <= 3", "p100(call.attempts) <= 3"),
    ("max(call.attempts) <= 3", "max(call.attempts) <= 3"),
    ("mean(session.cost) < $0.02", "mean(session.cost) < $0.02"),
    ("mean(session.cost) < $ 0.020", "mean(session.cost) < $0.02"),
    ("sum(session.tokens_in) < 100000", "sum(session.tokens_in) < 100000"),
    ("mean(session.tokens_out) < 99.5", "mean(session.tokens_out) < 99.5"),
    ("cv(turn.latency) < 20%", "cv(turn.latency) < 20%"),
    ("cv(turn.latency) < 150%", "cv(turn.latency) < 150%"),
    ("stddev(call.latency) < 20ms", "stddev(call.latency) < 20ms"),
    ("p50(turn.downstream_share) < 90 %", "p50(turn.downstream_share) < 90%"),
    ("rate(session.recovered) > 99%", "rate(session.recovered) > 99%"),
    ("rate(call.error) < 0.5%", "rate(call.error) < 0.5%"),
    ("count(call.timeout) == 0", "count(call.timeout) == 0"),
    ("count(turn.latency) != 7", "count(turn.latency) != 7"),
    ("rate(call.error where service=credit) < 2%", "rate(call.error where service=credit) < 2%"),
    (
        "rate(call.error where operation='POST /charges' and fault!=none) < 2%",
        'rate(call.error where operation="POST /charges" and fault!=none) < 2%',
    ),
    (
        'rate(call.error where service="credit" and model=gpt-4o) < 2%',
        "rate(call.error where service=credit and model=gpt-4o) < 2%",
    ),
    (
        r'count(call.error where service="a\"\\b") < 1',
        r'count(call.error where service="a\"\\b") < 1',
    ),
    ("rate(call.error where service=and) < 2%", "rate(call.error where service=and) < 2%"),
    (
        "rate(session.failed where end=timed_out) < 2%",
        "rate(session.failed where end=timed_out) < 2%",
    ),
    ("rate(call.error) < 2% @ 95%", "rate(call.error) < 2% @ 95%"),
    ("p90(turn.latency) < 1s@99.5%", "p90(turn.latency) < 1s @ 99.5%"),
    ("p90(turn.latency) < 1s @ observed", "p90(turn.latency) < 1s @ observed"),
    ("warn p90(turn.latency) < 1s", "warn p90(turn.latency) < 1s"),
    ("rate(call.error) < 2% for each service", "rate(call.error) < 2% for each service"),
    (
        "warn rate(call.error) < 2% for each region @ 95%",
        "warn rate(call.error) < 2% @ 95% for each region",
    ),
    (
        "p50(turn.latency)<1s@observed for each answer",
        "p50(turn.latency) < 1s @ observed for each answer",
    ),
    ("max(call.attempts) <= 3 for each service", "max(call.attempts) <= 3 for each service"),
    (
        "rate(call.error where service=a or service=b and fault=none) < 2%",
        "rate(call.error where service=a or service=b and fault=none) < 2%",
    ),
    (
        "rate(call.error where (service=a or service=b) and fault=none) < 2%",
        "rate(call.error where (service=a or service=b) and fault=none) < 2%",
    ),
    (
        "rate(call.error where ((service=a) and (fault=x and (fault=y)))) < 2%",
        "rate(call.error where service=a and fault=x and fault=y) < 2%",
    ),
    (
        "rate(call.error where service=a or (service=b or (service=c and fault=x))) < 2%",
        "rate(call.error where service=a or service=b or service=c and fault=x) < 2%",
    ),
    (
        "rate(call.error where operation='GET /orders/*' or service=crm-?) < 2%",
        'rate(call.error where operation="GET /orders/*" or service=crm-?) < 2%',
    ),
    ("rate(session.failed where end=*ed) < 2%", "rate(session.failed where end=*ed) < 2%"),
    ("mean(session.amplification) < 1.5", "mean(session.amplification) < 1.5"),
    ("p95(session.added_latency) <= 30s", "p95(session.added_latency) <= 30s"),
    ("min(session.added_latency) > -5s", "min(session.added_latency) > -5s"),
    ("mean(session.added_cost) > -$0.01", "mean(session.added_cost) > -$0.01"),
]


@pytest.mark.parametrize(("text", "printed"), GOOD)
def test_gates_and_how_they_are_printed(text, printed):
    assert str(parse_gate(text)) == printed


@pytest.mark.parametrize(
    ("text", "limit", "unit", "basis"),
    [
        ("p90(turn.latency) < 850ms", 850_000_000, Unit.DURATION, None),
        ("rate(call.error) < 2%", 0.02, Unit.SHARE, None),
        ("mean(session.cost) < $0.02", 0.02, Unit.MONEY, None),
        ("count(session.cost) < 5", 5, Unit.COUNT, None),
        ("stddev(session.cost) < $5", 5, Unit.MONEY, None),
        ("cv(session.cost) < 5%", 0.05, Unit.SHARE, None),
        ("rate(call.error) < 2% @ 95%", 0.02, Unit.SHARE, 0.95),
        ("rate(call.error) < 2% @ observed", 0.02, Unit.SHARE, "observed"),
    ],
)
def test_what_a_gate_holds(text, limit, unit, basis):
    gate = parse_gate(text)
    assert (gate.limit, gate.unit, gate.basis) == (limit, unit, basis)
    assert gate.metric is METRICS[gate.metric.name]


PLAIN = ("<", "<=", ">", ">=", "==", "!=")

BAD = [
    ("", 1, "the gate is empty", None),
    ("  ", 3, "the gate is empty", None),
    ("p90", 4, "after p90 comes the metric in parentheses, not the end", None),
    ("warn", 5, "the gate is empty", None),
    ("Warn p90(turn.latency) < 1s", 1, 'a gate begins with an aggregate, not with "Warn"', "warn"),
    ("p90 turn.failed", 5, 'after p90 comes the metric in parentheses, not "turn.failed"', None),
    ("men(turn.latency) < 1s", 1, 'a gate begins with an aggregate, not with "men"', "mean"),
    ("turn.latency < 1s", 1, 'a gate begins with an aggregate, not with "turn.latency"', None),
    ('"p90"(turn.latency) < 1s', 1, 'a gate begins with an aggregate, not with "p90"', None),
    ("p101(turn.latency) < 1s", 1, '"p101" is no percentile', None),
    ("p90.1234567(turn.latency) < 1s", 1, '"p90.1234567" is no percentile', None),
    ("p90()", 5, 'here comes a metric, not ")"', None),
    ("p90(", 5, "here comes a metric, not the end", None),
    ("p90(turn.latncy) < 1s", 5, 'there is no metric "turn.latncy"', "turn.latency"),
    ("p90(latency) < 1s", 5, 'there is no metric "latency"', "turn.latency"),
    ("p90(Turn.Latency) < 1s", 5, 'there is no metric "Turn.Latency"', "turn.latency"),
    (
        "rate(turn.latency) < 2%",
        1,
        "turn.latency is a duration, and a rate is of what is true or false",
        None,
    ),
    ("p90(turn.failed) < 2%", 1, "turn.failed is true or false, and has no p90", None),
    ("sum(call.error) < 3", 1, "call.error is true or false, and has no sum", None),
    ("p90(turn.latency were answer=hold) < 1s", 18, 'after the metric comes no "were"', "where"),
    ("p90(turn.latency, answer=hold) < 1s", 17, 'after the metric comes no ","', None),
    ("p90(turn.latency where) < 1s", 23, 'here comes a label, not ")"', None),
    ("p90(turn.latency where service=x) < 1s", 24, 'a turn has no label "service"', None),
    ("rate(call.error where servce=x) < 2%", 23, 'a call has no label "servce"', "service"),
    ("rate(call.error where 'service'=x) < 2%", 23, 'here comes a label, not "service"', None),
    ("rate(call.error where service) < 2%", 30, 'after a label comes no ")"', None),
    ("rate(call.error where service==x) < 2%", 30, 'after a label comes no "=="', "="),
    ("rate(call.error where service=) < 2%", 31, 'here comes a value of service, not ")"', None),
    (
        "rate(call.error where operation=POST /x) < 2%",
        38,
        'after a condition comes no "/x"',
        'operation="POST /x"',
    ),
    (
        "rate(call.error where service=a || service=b) < 2%",
        33,
        'after a condition comes no "||"',
        "or",
    ),
    (
        "rate(call.error where service=a AND service=b) < 2%",
        33,
        'after a condition comes no "AND"',
        "and",
    ),
    ("rate(call.error where (service=a) < 2%", 35, 'after a condition comes no "<"', None),
    ("rate(call.error where ()) < 2%", 24, 'here comes a label, not ")"', None),
    ("rate(call.error where service=a or) < 2%", 35, 'here comes a label, not ")"', None),
    ("rate(call.error where service=a)) < 2%", 33, 'here comes a comparison, not ")"', None),
    (f"rate(call.error where {'(' * 21}", 43, "parentheses are at most 20 deep", None),
    ("rate(session.failed where end=x*) < 2%", 31, 'end is never "x*"', None),
    ("rate(call.error where service=a and) < 2%", 36, 'here comes a label, not ")"', None),
    ("rate(session.failed where end=timeout) < 2%", 31, 'end is never "timeout"', "timed_out"),
    ("rate(call.error where recovered=yes) < 2%", 33, 'recovered is never "yes"', None),
    ('rate(call.error where service="x) < 2%', 31, 'the " that begins here has no end', None),
    ("p90(turn.latency) 1s", 19, 'here comes a comparison, not "1s"', None),
    ("p90(turn.latency)) < 1s", 18, 'here comes a comparison, not ")"', None),
    ("p90(turn.latency) = 1s", 19, 'here comes a comparison, not "="', "=="),
    ("p90(turn.latency) =< 1s", 19, 'here comes a comparison, not "=<"', "<="),
    ("p90(turn.latency) ≥ 1s", 19, 'here comes a comparison, not "≥"', ">="),
    ("p90(turn.latency) <", 20, "here comes the limit, not the end", None),
    ('p90(turn.latency) < "1s"', 21, 'here comes the limit, not "1s"', None),
    (
        "p90(turn.latency) < 850",
        21,
        '"850" is a plain number, but the figure is a duration',
        "850ms",
    ),
    ("p90(turn.latency) < 2%", 21, '"2%" is a share, but the figure is a duration', None),
    ("p90(turn.latency) < 5sec", 21, '"5sec" is no limit; the figure is a duration', None),
    ("p90(turn.latency) < -5ms", 21, '"-5ms" is no limit; the figure is a duration', None),
    ("p90(turn.latency) < 99999d", 21, '"99999d" is too much', None),
    ("rate(call.error) < 0.02", 20, '"0.02" is a plain number, but the figure is a share', "2%"),
    ("rate(call.error) < 2", 20, '"2" is a plain number, but the figure is a share', "2%"),
    ("rate(call.error) < 200%", 20, "a rate goes from 0% to 100%", None),
    (
        "mean(session.cost) < 0.02",
        22,
        '"0.02" is a plain number, but the figure is an amount of money',
        "$0.02",
    ),
    ("max(call.attempts) < 3%", 22, '"3%" is a share, but the figure is a plain number', None),
    ("count(call.error) < 2%", 21, '"2%" is a share, but the figure is a plain number', None),
    ("count(call.error) < 9999999999999999", 21, '"9999999999999999" is too much', None),
    ("p90(turn.latency) < 1s now", 24, 'the gate should end before "now"', None),
    ("p90(turn.latency) < 1s per region", 24, 'the gate should end before "per"', "for each"),
    ("p90(turn.latency) < 1s for region", 28, 'after for comes each, not "region"', None),
    ("p90(turn.latency) < 1s for each", 32, "here comes a label, not the end", None),
    ("p90(turn.latency) < 1s for each service", 33, 'a turn has no label "service"', None),
    (
        "rate(call.error) < 1% for each service for each region",
        40,
        'the gate should end before "for"',
        None,
    ),
    ("rate(call.error) < 1% @ 95% @ 90%", 29, 'the gate should end before "@"', None),
    ("mean(session.cost) > -$1", 22, '"-$1" is no limit; the figure is an amount of money', None),
    (
        "stddev(session.added_cost) > -$1",
        30,
        '"-$1" is no limit; the figure is an amount of money',
        None,
    ),
    (
        "p90(turn.latency) < 1s @",
        25,
        "after @ comes a confidence or the word observed, not the end",
        None,
    ),
    (
        "p90(turn.latency) < 1s @ 95",
        26,
        'after @ comes a confidence or the word observed, not "95"',
        None,
    ),
    (
        "p90(turn.latency) < 1s @ 30%",
        26,
        'after @ comes a confidence or the word observed, not "30%"',
        None,
    ),
    (
        "p90(turn.latency) < 1s @ observd",
        26,
        'after @ comes a confidence or the word observed, not "observd"',
        "observed",
    ),
    ("mean(turn.latency) < 1s @ 95%", 25, "no confidence can be had in a mean", None),
    ("p100(turn.latency) < 1s @ 95%", 25, "no confidence can be had in a p100", None),
    ("rate(call.error) == 0% @ 95%", 24, "no confidence can be had in ==", None),
]


@pytest.mark.parametrize(("text", "column", "problem", "suggestion"), BAD)
def test_what_is_wrong_with_a_gate_and_where(text, column, problem, suggestion):
    with pytest.raises(GateSyntaxError) as caught:
        parse_gate(text)
    error = caught.value
    assert (error.column, error.problem, error.suggestion) == (column, problem, suggestion)
    assert isinstance(error, UsageError)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("x(turn.latency) < 1s", "count rate mean min max sum stddev cv p0…p100"),
        ("p90(x) < 1s", " ".join(METRICS)),
        ("p90(turn.failed) < 1s", "rate count"),
        ("rate(session.failed where x=1) < 1s", "scenario region fault recovered answer end model"),
        ("rate(session.failed where end=x) < 1s", "completed failed timed_out errored"),
        ("p90(turn.latency) 3", "< <= > >= == !="),
        ("rate(call.error where service=a x", "and or )"),
    ],
)
def test_an_error_says_what_is_allowed(text, allowed):
    with pytest.raises(GateSyntaxError) as caught:
        parse_gate(text)
    assert caught.value.allowed == tuple(allowed.split())


def test_an_error_points_at_its_place():
    with pytest.raises(GateSyntaxError) as caught:
        parse_gate("rate(call.error\twhere servce=crm) < 2%")
    assert str(caught.value) == (
        'a call has no label "servce"\n'
        "  rate(call.error where servce=crm) < 2%\n"
        "                        ^\n"
        "allowed: scenario, service, operation, model, region, fault, cause, recovered\n"
        "did you mean service?"
    )


def test_an_error_far_into_a_long_gate_shows_its_surroundings():
    text = f"rate(call.error where service={'x' * 300} ox) < 2%"
    with pytest.raises(GateSyntaxError) as caught:
        parse_gate(text)
    _, shown, caret, *_ = str(caught.value).splitlines()
    assert len(shown) <= 110
    assert shown[caret.index("^") :].startswith("ox)")


def test_a_gate_that_is_too_long():
    with pytest.raises(GateSyntaxError, match="at most 1000 characters") as caught:
        parse_gate("p90(turn.latency) < 1s" + " " * LONGEST)
    assert caught.value.column == LONGEST + 1


# Properties ------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *(*METRICS, "count", "rate", "mean", "p90", "p99.9", "where", "and", "(", ")", "=", "!="),
        *("<", "<=", "==", "@", ",", "observed", "none", "service", "end", "850ms", "2%", "$0.02"),
        *("3", '"a b"', "'", '"', "\\", " ", "\n", "é"),
    ]
)
LIKE_GATES = st.lists(WORDS, max_size=14).map(" ".join)


@given(st.text(max_size=60) | LIKE_GATES)
@example("p90(turn.latency) < 1s @ 95%")
@example("\ud800")
@example("p²(turn.latency) < 1s")
@example("p90(turn.latency) < \uff19ms")
def test_any_text_is_a_gate_or_an_error_with_a_place_in_it(text):
    read = outcome(text)
    if isinstance(read, Gate):
        assert parse_gate(str(read)) == read
    else:
        assert 1 <= read.column <= len(text) + 1
        assert read.problem
        assert "^" in str(read)


def outcome(text: str) -> Gate | GateSyntaxError:
    try:
        return parse_gate(text)
    except GateSyntaxError as error:
        return error


@st.composite
def gates(draw: st.DrawFn) -> str:
    metric = draw(st.sampled_from(sorted(METRICS.values(), key=lambda each: each.name)))
    numeric = ["mean", "min", "max", "sum", "stddev", "cv", "p0", "p50", "p99.95", "p100"]
    fitting = ["rate"] if metric.kind is Kind.BOOLEAN else numeric
    aggregate = draw(st.sampled_from([*fitting, "count"]))
    conditions = [
        f"{label}{draw(st.sampled_from(['=', '!=']))}{draw(values(label))}"
        for label in draw(st.lists(st.sampled_from(metric.labels), max_size=5))
    ]
    where = f" where {draw(joined(conditions))}" if conditions else ""
    share = aggregate in ("rate", "cv")
    unit = Unit.COUNT if aggregate == "count" else Unit.SHARE if share else metric.unit
    number = format(draw(st.decimals(0, 100, places=draw(st.integers(0, 12)))), "f")
    written = {
        Unit.DURATION: f"{number}{draw(st.sampled_from(['ns', 'us', 'ms', 's', 'min', 'h']))}",
        Unit.SHARE: f"{number}%",
        Unit.MONEY: f"${number}",
        Unit.COUNT: f"{number}",
    }[unit]
    op = draw(st.sampled_from(PLAIN))
    basis = draw(st.sampled_from(["", " @ observed"]))
    each = draw(st.sampled_from(["", *(f" for each {label}" for label in metric.labels)]))
    warn = draw(st.sampled_from(["", "warn "]))
    return f"{warn}{aggregate}({metric.name}{where}) {op} {written}{basis}{each}"


@st.composite
def joined(draw: st.DrawFn, conditions: list[str]) -> str:
    """The conditions in some nesting of `and`, `or` and parentheses."""
    if len(conditions) == 1:
        return draw(st.sampled_from([conditions[0], f"({conditions[0]})"]))
    at = draw(st.integers(1, len(conditions) - 1))
    sides = draw(joined(conditions[:at])), draw(joined(conditions[at:]))
    sides = tuple(draw(st.sampled_from([each, f"({each})"])) for each in sides)
    return draw(st.sampled_from([" and ", " or "])).join(sides)


def values(label: str) -> st.SearchStrategy[str]:
    if label in LABEL_VALUES:
        return st.sampled_from(LABEL_VALUES[label])
    text = st.text(max_size=12).map(lambda each: each.replace("\\", "\\\\").replace('"', '\\"'))
    return text.map(lambda each: f'"{each}"')


@given(gates())
def test_a_printed_gate_reads_as_the_same_gate(text):
    gate = parse_gate(text)
    assert isinstance(gate, Gate)
    assert parse_gate(str(gate)) == gate
    assert str(parse_gate(str(gate))) == str(gate)
