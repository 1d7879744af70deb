from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from evalkit.faults import AnyFault, CallPlace, Rule, Schedule, When
from evalkit.journal.identity import Identities
from evalkit.wire import Request

FAULT = TypeAdapter(AnyFault)
CALL = CallPlace(
    session="s1",
    turn=1,
    service="crm",
    operation="GET /customers/{id}",
    identity="aa",
    occurrence=1,
    attempt=1,
    call=1,
    logical=1,
    logical_ordinal=1,
    request_ordinal=1,
)


def schedule(*rules, seed=7, scenario="flaky"):
    """A schedule of rules written as (at, when, injected, ...)."""
    parsed = (
        Rule.parse(
            index,
            at,
            When.model_validate(when),
            tuple(FAULT.validate_python(each) for each in inject),
        )
        for index, (at, when, *inject) in enumerate(rules)
    )
    return Schedule(rules=tuple(parsed), seed=seed, scenario=scenario)


def fired(when, *, at="crm", inject=("reset",), **place):
    decision = schedule((at, when, *inject)).decide(replace(CALL, **place))
    return [getattr(fault, fault.name) for fault in decision.faults]


@pytest.mark.parametrize(
    ("when", "place", "fires"),
    [
        ({}, {}, True),
        ({}, {"service": "llm"}, False),
        ({}, {"session": None, "turn": None}, True),
        ({"call": 2}, {"logical_ordinal": 2}, True),
        ({"call": 2}, {"logical_ordinal": 1, "request_ordinal": 2, "attempt": 2}, False),
        ({"attempt": 1}, {}, True),
        ({"attempt": 1}, {"attempt": 2}, False),
        ({"attempts": [1, 3]}, {"attempt": 3}, True),
        ({"attempts": [1, 3]}, {"attempt": 2}, False),
        ({"turn": 2}, {"turn": 2}, True),
        ({"turn": 2}, {}, False),
        ({"turn": 1}, {"session": None, "turn": None}, False),
        ({"first": 2}, {"request_ordinal": 2}, True),
        ({"first": 2}, {"request_ordinal": 3}, False),
        ({"attempt": 1, "turn": 2}, {"turn": 2}, True),
        ({"attempt": 1, "turn": 2}, {"turn": 2, "attempt": 2}, False),
        ({"share": 1}, {}, True),
        ({"share": 0}, {}, False),
    ],
)
def test_all_that_is_given_must_hold(when, place, fires):
    assert fired(when, **place) == ([True] if fires else [])


@pytest.mark.parametrize(
    ("ordinal", "meets"), [(1, [429]), (2, []), (3, [True, 9]), (4, [503]), (5, [])]
)
def test_a_sequence_goes_by_the_requests_of_the_operation_in_the_session(ordinal, meets):
    when = {"sequence": [429, "ok", "inject", 503]}
    assert fired(when, inject=("reset", {"cut": 9}), request_ordinal=ordinal) == meets


def test_rules_fire_in_order_and_say_which_they_are():
    rules = schedule(
        ("crm", {}, {"delay": "1s"}),
        ("llm", {}, "stall"),
        ("crm", {"attempt": 2}, "empty"),
        ("crm GET *", {}, {"status": 503}, {"cut": 3}),
    )
    decision = rules.decide(CALL)
    assert [(rule, fault.name) for rule, fault in decision.fired] == [
        (0, "delay"),
        (3, "status"),
        (3, "cut"),
    ]


def test_each_rule_that_aims_at_the_operation_says_why():
    rules = schedule(
        ("crm", {"attempts": [2, 3]}, "reset"),
        ("llm", {}, "reset"),
        ("crm POST *", {}, "reset"),
        ("crm", {"first": 1}, "reset"),
        ("crm", {"share": 0.0}, "reset"),
        ("crm", {"sequence": ["ok", 503]}),
        ("crm", {}, "reset"),
    )
    decision = rules.decide(replace(CALL, request_ordinal=2))
    told = {each.rule: (each.fired, each.why) for each in decision.considered}
    assert told.pop(4)[1].startswith("drew 0.")
    assert told == {
        0: (False, "this is attempt 1, not 2 or 3"),
        3: (False, "this is request 2, after the first 1"),
        5: (True, "the sequence says 503 to request 2"),
        6: (True, "all of `when` holds"),
    }


PLACES = st.builds(
    CallPlace,
    session=st.none() | st.sampled_from(["s1", "s2", "s3"]),
    turn=st.none() | st.integers(1, 3),
    service=st.just("crm"),
    operation=st.sampled_from(["GET /a", "POST /b"]),
    identity=st.text("0123456789abcdef", min_size=1, max_size=4),
    occurrence=st.integers(1, 3),
    attempt=st.integers(1, 4),
    call=st.integers(1, 99),
    logical=st.integers(1, 99),
    logical_ordinal=st.integers(1, 5),
    request_ordinal=st.integers(1, 9),
)
RULES = [
    ("crm", {"share": "40%"}, "reset"),
    ("crm", {"share": "40%", "per": "attempt"}, {"cut": 2}),
    ("crm GET *", {"attempt": 2, "share": "70%"}, {"status": 503}),
    ("crm", {"sequence": [429, "ok", 500]}),
]


@given(st.lists(PLACES, max_size=20), st.randoms(use_true_random=False), st.integers())
def test_decisions_do_not_depend_on_order(places, random, seed):
    one = schedule(*RULES, seed=seed)
    alone = {place: one.decide(place) for place in places}
    shuffled = random.sample(places, len(places))
    other = schedule(*RULES, seed=seed)
    assert {place: other.decide(place) for place in shuffled} == alone


@given(PLACES, st.integers(1, 99), st.integers(1, 9), st.integers(1, 4))
def test_who_is_hit_does_not_depend_on_what_else_is_called_or_retried(place, call, ordinal, tries):
    by_call = schedule(("crm", {"share": "50%"}, "reset"))
    elsewhere = replace(
        place,
        call=call,
        logical=call,
        logical_ordinal=ordinal,
        request_ordinal=ordinal,
        attempt=tries,
    )
    assert by_call.decide(elsewhere) == by_call.decide(place)


CALLS = st.lists(
    st.tuples(st.sampled_from(["GET /a", "POST /b"]), st.sampled_from("abc"), st.booleans()),
    max_size=8,
)


def play(turns, stories):
    """What each session's calls meet when the sessions take turns like this."""
    rules, identities = schedule(*RULES), Identities()
    met = {session: [] for session in stories}
    waiting = {session: list(story) for session, story in stories.items()}
    for session in (*turns, *(each for each, story in stories.items() for _ in story)):
        if waiting[session]:
            operation, identity, failed = waiting[session].pop(0)
            place = identities.begin(session, 1, "crm", operation, identity)
            met[session].append(rules.decide(place))
            identities.end(place, failed=failed)
    return met


@given(CALLS, CALLS, st.lists(st.sampled_from(["s1", "s2"]), max_size=16))
def test_what_a_session_meets_does_not_depend_on_the_sessions_beside_it(one, two, turns):
    beside = play(turns, {"s1": one, "s2": two})
    assert beside["s1"] == play([], {"s1": one})["s1"]
    assert beside["s2"] == play([], {"s2": two})["s2"]


def hits(rules, places):
    return [bool(rules.decide(place).fired) for place in places]


MANY = [
    replace(CALL, session=f"s{number}", identity=f"{number % 7}", occurrence=1 + number % 3)
    for number in range(4000)
]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("per", ["call", "attempt"])
def test_shares_converge(share, per):
    hit = hits(schedule(("crm", {"share": share, "per": per}, "reset")), MANY)
    assert sum(hit) / len(hit) == pytest.approx(share, abs=0.03)


@settings(max_examples=20)
@given(st.integers(), st.text())
def test_shares_converge_for_any_seed_and_scenario(seed, scenario):
    rules = schedule(("crm", {"share": 0.5}, "reset"), seed=seed, scenario=scenario)
    hit = hits(rules, MANY[:1000])
    assert sum(hit) / len(hit) == pytest.approx(0.5, abs=0.1)


def test_a_larger_share_hits_all_that_a_smaller_one_hits():
    small = hits(schedule(("crm", {"share": 0.2}, "reset")), MANY)
    large = hits(schedule(("crm", {"share": 0.4}, "reset")), MANY)
    assert all(now or not before for before, now in zip(small, large, strict=True))


def test_two_rules_draw_independently():
    both = schedule(("crm", {"share": 0.5}, "reset"), ("crm", {"share": 0.5}, "empty"))
    met = [len(both.decide(place).fired) for place in MANY]
    assert met.count(2) / len(met) == pytest.approx(0.25, abs=0.03)


def test_per_attempt_draws_anew():
    rules = schedule(("crm", {"share": 0.5, "per": "attempt"}, "reset"))
    seconds = [replace(place, attempt=2) for place in MANY]
    changed = [a != b for a, b in zip(hits(rules, MANY), hits(rules, seconds), strict=True)]
    assert sum(changed) / len(changed) == pytest.approx(0.5, abs=0.03)


CONNECT = [("crm", {"share": "50%", "first": 2}, {"connect_delay": "3s"}, "refused")]


def test_a_connect_fault_hits_connections_and_no_calls():
    rules = schedule(("crm", {}, "refused"), ("crm", {}, "reset"))
    assert [fault.name for fault in rules.decide_connect("crm", "s1", 1).faults] == ["refused"]
    assert [fault.name for fault in rules.decide(CALL).faults] == ["reset"]
    assert rules.decide_connect("llm", "s1", 1).fired == ()


def test_a_connect_share_is_drawn_per_session():
    rules = schedule(*CONNECT)
    sessions = [f"s{number}" for number in range(2000)]
    first, second, third = (
        [bool(rules.decide_connect("crm", session, number).fired) for session in sessions]
        for number in (1, 2, 3)
    )
    assert first == second
    assert sum(first) / len(first) == pytest.approx(0.5, abs=0.05)
    assert not any(third)


def test_a_connection_that_is_spared_is_told_why():
    (late,) = schedule(*CONNECT).decide_connect("crm", "s1", 3).considered
    (spared,) = (
        schedule(("crm", {"share": 0.0}, "refused")).decide_connect("crm", "s1", 1).considered
    )
    assert late.why == "this is connection 3, after the first 2"
    assert spared.why.startswith("the session drew 0.")


@pytest.mark.parametrize(
    ("when", "made", "missed"),
    [
        ({"attempt": 2}, 1, ["aimed at attempt 2, but the call ended after attempt 1"]),
        ({"attempt": 2}, 2, []),
        ({"attempts": [1, 2, 3]}, 1, ["aimed at attempt 2", "aimed at attempt 3"]),
        ({"attempt": 1}, 1, []),
        ({"attempt": 2, "turn": 2}, 1, []),
        ({"attempt": 2, "share": 0.0}, 1, []),
        ({}, 1, []),
    ],
)
def test_a_fault_aimed_at_an_attempt_that_was_never_made(when, made, missed):
    rules = schedule(("crm", when, {"status": 503}), ("crm", {}, "reset"), ("llm", when, "reset"))
    reasons = [each.reason for each in rules.missed(replace(CALL, attempt=made))]
    assert len(reasons) == len(missed)
    assert all(seen.startswith(told) for seen, told in zip(reasons, missed, strict=True))


MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ("when", "at", "place", "fires"),
    [
        ({"window": {"from": "3min", "to": "4min"}}, 3 * MINUTE, {}, True),
        ({"window": {"from": "3min", "to": "4min"}}, 3 * MINUTE - 1, {}, False),
        ({"window": {"from": "3min", "to": "4min"}}, 4 * MINUTE, {}, False),
        ({"window": {"to": "4min"}}, 0, {}, True),
        ({"until": "2 failures"}, 0, {"failures": 1}, True),
        ({"until": "2 failures"}, 0, {"failures": 2}, False),
        ({"ramp": {"to": "100%", "over": "10min"}}, 0, {}, False),
        ({"ramp": {"to": "100%", "over": "10min"}}, 10 * MINUTE, {}, True),
        ({"ramp": {"from": "100%", "to": "0%", "over": "10min"}}, 60 * MINUTE, {}, False),
        ({"window": {"to": "1min"}, "attempt": 2}, 0, {"attempt": 2}, True),
    ],
)
def test_conditions_of_time_and_of_what_went_before(when, at, place, fires):
    decision = schedule(("crm", when, "reset")).decide(replace(CALL, **place), at)
    assert bool(decision.fired) is fires
    assert len(decision.considered) == 1


def test_a_ramp_hits_ever_more_and_whom_it_hit_it_hits_still():
    rules = schedule(("crm", {"ramp": {"from": "10%", "to": "90%", "over": "10min"}}, "reset"))
    hit = [
        {place for place in MANY if rules.decide(place, minute * MINUTE).fired}
        for minute in (0, 5, 10, 20)
    ]
    assert hit[0] < hit[1] < hit[2] == hit[3]
    shares = [len(each) / len(MANY) for each in hit]
    assert shares == pytest.approx([0.1, 0.5, 0.9, 0.9], abs=0.07)


def test_a_condition_on_what_is_asked():
    rules = schedule(("crm", {"match": {"body.amount": "9*"}}, "reset"))
    request = Request(method="POST", path="/", host="", body=b'{"amount": 950}')
    assert rules.decide(CALL, 0, request).fired
    (spared,) = rules.decide(CALL, 0, replace(request, body=b'{"amount": 12}')).considered
    assert spared.why == 'its body.amount is 12, not "9*"'


def test_an_outage_by_the_clock_breaks_what_is_open_and_refuses_what_is_new():
    rules = schedule(
        ("crm", {"window": {"from": "3min", "to": "4min"}}, "refused"), ("crm", {}, "unknown_host")
    )
    within = rules.breaks_open("crm", "s1", 3 * MINUTE)
    assert [fault.name for fault in within.faults] == ["refused"]
    assert rules.breaks_open("crm", "s1", 4 * MINUTE).fired == ()
    met = rules.decide_connect("crm", "s1", 2, 3 * MINUTE)
    assert [fault.name for fault in met.faults] == ["refused", "unknown_host"]
