from dataclasses import dataclass

import pytest

from evalkit.gate import Verdict, judge, judge_each, parse_gate
from tests.gate.frames import judged, tables, turns, verdict

MS = 1_000_000


def calls(**counts: int):
    """Calls of one session by service, as in crm=3; errors of one as in crm_error=2."""
    return [
        {"service": name.removesuffix("_error"), "error": name.endswith("_error")}
        for name, count in counts.items()
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p90(turn.latency) < 91ms", "pass"),
        ("p90(turn.latency) < 90ms", "fail"),
        ("p90(turn.latency) <= 90ms", "pass"),
        ("p90(turn.latency) > 89ms", "pass"),
        ("p90(turn.latency) >= 90ms", "pass"),
        ("p90(turn.latency) > 90ms", "fail"),
        ("p90(turn.latency) == 90ms", "pass"),
        ("p90(turn.latency) != 90ms", "fail"),
        ("p0(turn.latency) == 1ms", "pass"),
        ("p100(turn.latency) == 100ms", "pass"),
        ("max(turn.latency) == 100ms", "pass"),
        ("mean(turn.latency) == 50.5ms", "pass"),
        ("sum(turn.latency) == 5.05s", "pass"),
        ("count(turn.latency) == 100", "pass"),
        ("stddev(turn.latency) < 30ms", "pass"),
        ("cv(turn.latency) < 57%", "fail"),
    ],
)
def test_the_observed_figure_is_judged(text, expected):
    frames = tables(turns=turns(*range(1, 101)))
    assert verdict(text, frames) == expected
    assert verdict(f"{text} @ observed", frames, sampled=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(call.error) < 25%", "pass"),
        ("rate(call.error) < 20%", "fail"),
        ("rate(call.error) <= 20%", "pass"),
        ("count(call.error) == 2", "pass"),
        ("rate(call.error where service=crm) < 30%", "fail"),
        ("rate(call.error where service!=crm) == 0%", "pass"),
        ("rate(call.error where service=llm and service!=crm) == 0%", "pass"),
        ("rate(call.error where service=aml) == 0%", "no_data"),
        ("count(call.error where service=aml) == 0", "no_data"),
        ("rate(call.error where service=crm and service=llm) == 0%", "no_data"),
        ("rate(call.error where service=c* or service=aml) < 30%", "fail"),
        ("rate(call.error where service=l* or service=aml) == 0%", "pass"),
        ("rate(call.error where service=crm and cause=organic or service=llm) <= 20%", "pass"),
        ("rate(call.error where service=crm and (cause=injected or service=llm)) < 9%", "no_data"),
        ("rate(call.error where operation='GET *') <= 20%", "pass"),
    ],
)
def test_conditions_choose_the_samples(text, expected):
    assert verdict(text, tables(calls=calls(crm=4, crm_error=2, llm=4))) == expected


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("fault=delay", 2),
        ("fault=status", 1),
        ("fault!=status", 3),
        ("fault=none", 2),
        ("fault!=none", 2),
        ("recovered=true", 2),
        ("recovered=false", 1),
        ("recovered=none", 1),
        ("region=eu", 1),
        ("region=none", 3),
        ("region!=eu", 3),
    ],
)
def test_labels_that_are_missing_several_or_true(condition, chosen):
    rows = [
        {"fault": "delay+status", "recovered": True},
        {"fault": "delay", "recovered": False},
        {"fault": None, "recovered": None, "region": "eu"},
        {"fault": None, "recovered": True},
    ]
    assert judged(f"count(call.error where {condition}) == 0", tables(calls=rows)).n == chosen


def grouped(text, frames, expected=()):
    """By group, the verdict and the number of samples."""
    gate = parse_gate(text)
    found = judge_each(gate, frames, {"happy"}, expected={"service": set(expected)})
    assert all(each.gate == str(gate) for each in found)
    return {each.group: (each.verdict.value, each.n) for each in found}


def test_a_gate_for_each_service_judges_those_that_occur_and_those_that_have_to():
    frames = tables(calls=calls(crm=4, crm_error=2, llm=4))
    text = "rate(call.error) < 30% for each service"
    both = {"service=crm": ("fail", 6), "service=llm": ("pass", 4)}
    assert grouped(text, frames) == both
    assert grouped(text, frames, ["llm", "aml"]) == {**both, "service=aml": ("no_data", 0)}
    within = "rate(call.error where service!=aml and cause=organic) < 30% for each service"
    assert grouped(within, frames, ["llm", "aml"]) == both
    assert grouped("rate(call.error where service=aml) < 30% for each service", frames) == {
        None: ("no_data", 0)
    }


def test_a_gate_for_each_region_judges_those_that_occur_and_those_that_were_planned():
    rows = turns(100, 200, 900, 900, sessions=None)
    for row, region in zip(rows, ("eu", "eu", "us", None), strict=True):
        row["region"] = region
    gate = parse_gate("p50(turn.latency) < 500ms for each region")
    found = judge_each(gate, tables(turns=rows), {"happy"}, expected={"region": {"eu", "asia"}})
    assert {each.group: (each.verdict.value, each.n) for each in found} == {
        "region=eu": ("pass", 2),
        "region=us": ("fail", 1),
        "region=asia": ("no_data", 0),
        "region=none": ("fail", 1),
    }


def test_a_gate_for_each_fault_counts_a_row_for_each_of_its_faults():
    rows = [{"fault": "delay+status", "error": True}, {"fault": "delay"}, {"fault": None}]
    found = grouped("rate(call.error) < 60% for each fault", tables(calls=rows))
    assert found == {
        "fault=delay": ("pass", 2),
        "fault=none": ("pass", 1),
        "fault=status": ("fail", 1),
    }


def test_a_value_that_looks_like_a_glob_is_a_group_of_its_own():
    rows = [{"operation": "GET /*"}, {"operation": "GET /x", "error": True}]
    found = grouped("rate(call.error) < 60% for each operation", tables(calls=rows))
    assert {group: n for group, (_, n) in found.items()} == {
        'operation="GET /*"': 1,
        'operation="GET /x"': 1,
    }


def test_one_session_in_two_scenarios_is_no_sample_of_itself():
    rows = [
        {"session": f"s{at}", "scenario": name, "failed": at < 10}
        for name in ("a", "b")
        for at in range(100)
    ]
    gate = parse_gate("rate(session.failed) < 15% @ 95%")
    alone = judge(gate, tables(sessions=rows), {"a"})
    both = judge(gate, tables(sessions=rows), {"a", "b"})
    assert (alone.verdict, both.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert (both.n, both.sessions) == (200, 200)
    apart = [{**each, "session": f"{each['scenario']}{each['session']}"} for each in rows]
    assert judge(gate, tables(sessions=apart), {"a", "b"}).verdict is Verdict.PASS


def test_only_the_scenarios_that_it_applies_to_are_judged():
    rows = [{"scenario": name, "failed": name == "bad"} for name in ("a", "b", "bad")]
    frames = tables(sessions=rows)
    both = judged("rate(session.failed) == 0%", frames, scenarios={"a", "b"})
    assert (both.verdict, both.n, both.sessions) == (Verdict.PASS, 2, 2)
    assert verdict("rate(session.failed) == 0%", frames, scenarios={"bad"}) == "fail"
    assert verdict("rate(session.failed) == 0%", frames, scenarios=set()) == "no_data"


@pytest.mark.parametrize(
    ("text", "frames", "why"),
    [
        ("p90(turn.latency) < 1s", tables(), "there is no turn to judge"),
        (
            "p90(turn.latency) < 1s",
            tables(turns=turns(None, None)),
            "none of 2 turns has a turn.latency",
        ),
        (
            "rate(call.error where service=aml and cause=organic) < 1%",
            tables(calls=calls(crm=3)),
            "none of 3 calls has service=aml and cause=organic",
        ),
        (
            "stddev(turn.latency) < 1s",
            tables(turns=turns(5)),
            "1 turn of 1 session give no stddev",
        ),
        (
            "rate(session.recovered) > 99%",
            tables(sessions=[{}]),
            "none of 1 session has a session.recovered",
        ),
    ],
)
def test_no_sample_is_no_data_and_says_why(text, frames, why):
    result = judged(text, frames)
    assert (result.verdict, result.observed, result.margin) == (Verdict.NO_DATA, None, None)
    assert result.why == why


def test_missing_values_are_no_samples():
    result = judged("p100(turn.latency) < 20ms", tables(turns=turns(5, None, 10)))
    assert (result.verdict, result.n, result.observed) == (Verdict.PASS, 2, 10 * MS)


@pytest.mark.parametrize(("limit", "expected"), [("$2", "no_data"), ("$0.50", "fail")])
def test_an_unpriced_session_keeps_a_cost_from_passing(limit, expected):
    frames = tables(sessions=[{"cost": 1.0}, {"cost": None, "session": "s2"}])
    result = judged(f"mean(session.cost) < {limit}", frames)
    assert result.verdict == expected
    if expected == "no_data":
        assert result.why == "1 of 2 sessions have no known session.cost"


def test_a_result_holds_the_figure_its_limit_and_why():
    frames = tables(turns=turns(*[100] * 9, 700, sessions=5))
    result = judged("p95(turn.latency) < 850 ms", frames, scope="happy")
    assert (result.gate, result.scope) == ("p95(turn.latency) < 850ms", "happy")
    assert (result.observed, result.limit, result.margin) == (700 * MS, 850 * MS, 150 * MS)
    assert (result.n, result.sessions) == (10, 5)
    assert result.why == "p95(turn.latency) is 700ms over 10 turns of 5 sessions, below 850ms"
    failed = judged("p95(turn.latency) < 0.5s", frames)
    assert failed.margin == -200 * MS
    assert failed.why.endswith("is 700ms over 10 turns of 5 sessions, not below 500ms")
    assert failed.scope == "suite"


@pytest.mark.parametrize(
    ("op", "limit", "margin"),
    [("<", 30, 10), ("<=", 10, -10), (">", 5, 15), (">=", 25, -5), ("==", 18, -2), ("!=", 18, 2)],
)
def test_the_margin_is_positive_on_the_right_side(op, limit, margin):
    result = judged(f"max(turn.latency) {op} {limit}ms", tables(turns=turns(20)))
    assert result.margin == margin * MS
    assert (result.margin > 0) == (result.verdict is Verdict.PASS)


# Intervals -------------------------------------------------------------------------------------


def sessions(good: int, bad: int):
    return [{"session": f"s{at}", "failed": at < bad} for at in range(good + bad)]


def test_a_rate_is_shown_with_wilsons_interval():
    result = judged("rate(session.failed) < 90%", tables(sessions=sessions(2, 8)))
    assert (result.low, result.high) == pytest.approx((0.490162, 0.943318), abs=1e-6)


@pytest.mark.parametrize("bad", range(5))
@pytest.mark.parametrize("limit", [20, 50, 51, 60, 80, 95])
def test_the_interval_of_a_gate_with_confidence_agrees_with_its_verdict(bad, limit):
    tested = tables(sessions=sessions(4 - bad + 20, bad))
    result = judged(f"rate(session.failed) < {limit}% @ 95%", tested)
    below, above = result.high < limit / 100, result.low >= limit / 100
    expected = Verdict.PASS if below else Verdict.FAIL if above else Verdict.INCONCLUSIVE
    assert result.verdict is expected


def test_a_percentile_is_shown_with_the_values_at_its_ranks():
    result = judged("p50(turn.latency) < 1s", tables(turns=turns(*range(1, 101))))
    assert (result.observed, result.low, result.high) == (50 * MS, 40 * MS, 61 * MS)


def test_a_percentile_of_few_samples_has_no_upper_bound():
    result = judged("p95(turn.latency) < 1s", tables(turns=turns(*range(1, 11))))
    assert (result.observed, result.high) == (10 * MS, None)
    assert result.low is not None


def test_turns_of_one_session_are_no_independent_samples():
    alike = turns(*[10, 10, 10, 10, 90, 90, 90, 90], sessions=None)
    apart = judged("p50(turn.latency) < 1s", tables(turns=alike))
    for at, row in enumerate(alike):
        row["session"] = f"s{at // 4}"
    together = judged("p50(turn.latency) < 1s", tables(turns=alike))
    assert (apart.low, apart.high) == (10 * MS, 90 * MS)
    assert (together.low, together.high) == (None, None)


def test_a_mean_is_shown_with_its_interval():
    result = judged("mean(turn.latency) < 1s", tables(turns=turns(1, 2, 3, 4, 5)))
    assert result.low == pytest.approx((3 - 1.963243161) * MS, abs=1)
    assert result.high == pytest.approx((3 + 1.963243161) * MS, abs=1)


@pytest.mark.parametrize("aggregate", ["max", "min", "sum", "p0", "p100", "stddev"])
def test_other_figures_have_no_interval(aggregate):
    result = judged(f"{aggregate}(turn.latency) < 1s", tables(turns=turns(1, 2)))
    assert (result.low, result.high) == (None, None)


# Confidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "good", "bad", "expected"),
    [
        ("rate(session.failed) < 2% @ 95%", 149, 0, "pass"),
        ("rate(session.failed) < 2% @ 95%", 148, 0, "inconclusive"),
        ("rate(session.failed) < 2% @ 95%", 90, 10, "fail"),
        ("rate(session.failed) < 2% @ 95%", 97, 3, "inconclusive"),
        ("rate(session.failed) > 90% @ 95%", 0, 29, "pass"),
        ("rate(session.failed) > 90% @ 95%", 0, 28, "inconclusive"),
        ("rate(session.failed) > 90% @ 95%", 50, 50, "fail"),
        ("rate(session.failed) > 90% @ 99%", 0, 29, "inconclusive"),
    ],
)
def test_a_rate_with_confidence(text, good, bad, expected):
    frames = tables(sessions=sessions(good, bad))
    assert verdict(text, frames) == expected
    assert verdict(text.replace("@ 95%", ""), frames, sampled=True) == verdict(text, frames)


@pytest.mark.parametrize(
    ("text", "fast", "slow", "expected"),
    [
        ("p95(turn.latency) < 50ms @ 95%", 59, 0, "pass"),
        ("p95(turn.latency) < 50ms @ 95%", 58, 0, "inconclusive"),
        ("p95(turn.latency) < 50ms @ 95%", 80, 20, "fail"),
        ("p95(turn.latency) <= 90ms @ 95%", 0, 59, "pass"),
        ("p95(turn.latency) < 90ms @ 95%", 0, 59, "fail"),
        ("p5(turn.latency) > 50ms @ 95%", 0, 59, "pass"),
        ("p5(turn.latency) > 50ms @ 95%", 0, 58, "inconclusive"),
        ("p5(turn.latency) > 50ms @ 95%", 20, 80, "fail"),
        ("p5(turn.latency) >= 10ms @ 95%", 59, 0, "pass"),
    ],
)
def test_a_percentile_with_confidence(text, fast, slow, expected):
    assert verdict(text, tables(turns=turns(*[10] * fast, *[90] * slow))) == expected


def test_an_inconclusive_gate_says_how_many_sessions_would_settle_it():
    result = judged("rate(session.failed) < 2% @ 95%", tables(sessions=sessions(100, 0)))
    assert (result.verdict, result.needed) == (Verdict.INCONCLUSIVE, 149)
    assert result.why == (
        "rate(session.failed) is 0% over 100 sessions, too few to tell whether it is below 2%; "
        "about 149 sessions like these would settle it, 49 more"
    )
    edge = judged("rate(session.failed) < 2% @ 95%", tables(sessions=sessions(98, 2)))
    assert (edge.verdict, edge.needed) == (Verdict.INCONCLUSIVE, None)
    assert "so near the limit" in edge.why


def test_many_turns_of_few_sessions_show_little():
    many = tables(turns=turns(*[10] * 100, sessions=5))
    assert verdict("p95(turn.latency) < 50ms @ 95%", many) == "inconclusive"
    assert judged("p95(turn.latency) < 50ms @ 95%", many).needed == 59


@pytest.mark.parametrize("text", ["mean(turn.latency) < 1s", "count(turn.latency) == 1"])
def test_without_a_way_to_be_confident_the_observed_figure_is_judged(text):
    assert verdict(text, tables(turns=turns(5)), sampled=True) == "pass"


# Kinds of tables -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plain:
    calls: dict
    turns: dict
    sessions: dict


def test_plain_columns_are_judged_like_frames():
    frames = tables(turns=turns(5, None, 10), calls=calls(crm=2, crm_error=1))
    columns = {
        name: {key: getattr(frames, name)[key].tolist() for key in getattr(frames, name)}
        for name in ("calls", "turns", "sessions")
    }
    for row, missing in enumerate(frames.turns["latency_ns"].isna()):
        if missing:
            columns["turns"]["latency_ns"][row] = None
    for text in ("p50(turn.latency) < 1s", "rate(call.error where service=crm) < 50%"):
        gate = parse_gate(text)
        assert judge(gate, Plain(**columns), {"happy"}) == judge(gate, frames, {"happy"})


# Costs -----------------------------------------------------------------------------------------


def cost_frames(*costs: float | None):
    """Calls to a model that cost this, and one of a tool, which costs nothing."""
    frames = tables(calls=[{}] * (len(costs) + 1))
    frames.calls["cost"] = [*costs, None]
    frames.calls["unpriced"] = [*(each is None for each in costs), False]
    return frames


@pytest.mark.parametrize(
    ("costs", "text", "expected"),
    [
        ((0.1, 0.2), "sum(call.cost) <= $0.30", "pass"),
        ((0.1, 0.2), "sum(call.cost) < $0.30", "fail"),
        ((0.1, None), "sum(call.cost) < $1", "no_data"),
        ((0.1, None), "sum(call.cost) < $0.05", "fail"),
        ((None, None), "sum(call.cost) < $1", "no_data"),
        ((), "sum(call.cost) < $1", "no_data"),
        ((1e-7,) * 1_000, "sum(call.cost) == $0.0001", "pass"),
    ],
)
def test_a_call_without_a_price_keeps_a_cost_from_passing(costs, text, expected):
    assert judged(text, cost_frames(*costs)).verdict == expected


def test_the_reason_tells_how_many_calls_are_unpriced():
    some = judged("sum(call.cost) < $1", cost_frames(0.1, None, None))
    assert some.why == "2 of 3 calls have no known call.cost: 2 model calls are unpriced"
    none = judged("sum(call.cost) < $1", cost_frames(None))
    assert none.why == "none of 2 calls has a call.cost: 1 model call is unpriced"


def test_a_session_is_of_every_model_that_it_asked():
    frames = tables(sessions=[{"cost": 1.0}, {"cost": 2.0, "session": "s2"}])
    frames.sessions["model"] = ["command-r+ + gpt-4o", "gpt-4o"]
    assert judged("sum(session.cost where model=gpt-4o) < $9", frames).observed == 3
    assert judged("sum(session.cost where model=command-r+) < $9", frames).observed == 1
