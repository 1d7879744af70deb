import pytest

from evalkit.gate import check_gate, parse_gate, warn_gate

KNOWN = {
    "scenario": {"happy"},
    "service": {"credit", "aml"},
    "fault": {"delay", "status"},
}


@pytest.mark.parametrize(
    "text",
    [
        "rate(call.error) < 2%",
        "rate(call.error where service=credit and fault=delay) < 2%",
        "rate(call.error where service!=credit and service!=aml) < 2%",
        "rate(call.error where fault=none) < 2%",
        "rate(call.error where fault=delay and fault=status) < 2%",
        "rate(call.error where region=moon) < 2%",
        "rate(call.error where service=credit or service=aml) < 2%",
        "rate(call.error where service=cred* and service=credit) < 2%",
        "rate(call.error where service=c* and service=*t) < 2%",
        "rate(call.error where service=none or (service=a* and fault=delay)) < 2%",
        "rate(session.recovered) > 99%",
    ],
)
def test_gates_that_can_have_samples(text):
    assert check_gate(parse_gate(text), KNOWN) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rate(call.error where service=credt) < 2%",
            'no call here can have the service "credt"; there are: aml, credit; '
            "did you mean credit?",
        ),
        (
            "p90(turn.latency where scenario!=other) < 1s",
            'no turn here can have the scenario "other"; there are: happy',
        ),
        (
            "rate(call.error where service=credit and service=aml) < 2%",
            "no call can have both service=credit and service=aml; "
            'did you mean "service=credit or service=aml"?',
        ),
        (
            "rate(call.error where cause=organic and cause!=organic) < 2%",
            "no call can have both cause=organic and cause!=organic",
        ),
        (
            "rate(call.error where fault=none and fault=delay) < 2%",
            "no call can have both fault=none and fault=delay; "
            'did you mean "fault=none or fault=delay"?',
        ),
    ],
)
def test_gates_that_cannot(text, message):
    assert check_gate(parse_gate(text), KNOWN) == [message]


def test_a_suites_gate_needs_a_scenario_that_injects_nothing():
    (message,) = check_gate(parse_gate("p90(turn.latency) < 1s"), {"scenario": ()})
    assert message.endswith("judges nothing: every scenario of the suite injects faults")


def test_nothing_recovers_where_nothing_is_injected():
    (message,) = check_gate(parse_gate("rate(session.recovered) > 99%"), {"fault": ()})
    assert message.endswith("judges nothing: there is no fault to recover from")


@pytest.mark.parametrize("name", ["amplification", "added_latency", "added_cost"])
def test_only_sessions_with_faults_are_compared_with_others(name):
    limit = {"amplification": "2", "added_latency": "1s", "added_cost": "$1"}[name]
    gate = parse_gate(f"mean(session.{name}) < {limit}")
    (message,) = check_gate(gate, {"fault": ()})
    assert "judges nothing: only sessions with faults are compared" in message
    assert check_gate(gate, KNOWN) == []


def test_every_mistake_is_told_at_once():
    gate = parse_gate("rate(call.error where service=x and service=y) < 2%")
    assert len(check_gate(gate, KNOWN)) == 3
    gate = parse_gate("rate(call.error where fault=none or (service=x* and service=aml)) < 2%")
    assert len(check_gate(gate, KNOWN)) == 2


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("p95(turn.latency) < 1s @ 95%", 59),
        ("p5(turn.latency) > 1s @ 95%", 59),
        ("p99(turn.latency) < 1s @ 95%", 299),
        ("rate(session.failed) < 2% @ 95%", 149),
        ("rate(session.completed) > 99% @ 95%", 299),
    ],
)
def test_a_gate_that_could_never_pass_says_what_it_needs(text, needed):
    gate = parse_gate(text)
    assert warn_gate(gate, needed) == []
    (warning,) = warn_gate(gate, needed - 1)
    assert f"cannot pass with {needed - 1} sessions" in warning
    assert warning.endswith(f"to be 95% sure it needs at least {needed}")


@pytest.mark.parametrize("text", ["p99(turn.latency) < 1s", "rate(session.failed) <= 0% @ 95%"])
def test_gates_that_are_not_warned_of(text):
    assert warn_gate(parse_gate(text), 1) == []


@pytest.mark.parametrize(("row", "wrong"), [("call", 1), ("turn", 0), ("session", 0)])
def test_a_call_is_of_one_model_and_what_made_it_may_be_of_several(row, wrong):
    gate = parse_gate(f"sum({row}.cost where model=gpt-4o and model=o3) < $2")
    assert len(check_gate(gate, KNOWN)) == wrong
