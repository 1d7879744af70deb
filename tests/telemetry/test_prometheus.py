import pytest
from prometheus_client.parser import text_string_to_metric_families

from evalkit.metrics.definitions import METRICS
from evalkit.telemetry.families import Family, Sample, Spread
from evalkit.telemetry.figures import name_of
from evalkit.telemetry.measuring import families_of
from evalkit.telemetry.prometheus import text_of
from evalkit.wire import Usage
from tests.checks.stories import Story
from tests.store.runs import record_of, result_of, scenario_of, stored
from tests.telemetry.runs import ODD, asked, full_run


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    return families_of(full_run(tmp_path_factory.mktemp("prometheus") / "run"))


@pytest.fixture(scope="module")
def read(families):
    return {each.name: each for each in text_string_to_metric_families(text_of(families))}


def value(read, name, /, **labels):
    family = next(each for each in read.values() if name.startswith(each.name))
    found = [
        each.value
        for each in family.samples
        if each.name == name and labels.items() <= each.labels.items()
    ]
    (only,) = found
    return only


def test_all_is_read_by_prometheus_own_parser(families, read):
    assert {each.name: each.shape.value for each in families} == {
        name: each.type for name, each in read.items()
    }
    assert {name: each.documentation for name, each in read.items()} == {
        each.name: each.help for each in families
    }


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("evalkit_run_last_timestamp_seconds", {}, 1767603610.5),
        ("evalkit_run_duration_seconds", {}, 10.5),
        ("evalkit_run_complete", {}, 1),
        ("evalkit_run_verdict", {"verdict": "fail"}, 1),
        ("evalkit_run_verdict", {"verdict": "pass"}, 0),
        ("evalkit_scenario_verdict", {"scenario": "happy", "verdict": "pass"}, 1),
        ("evalkit_sessions", {"scenario": "crm-slow", "end": "failed"}, 1),
        ("evalkit_sessions", {"scenario": "crm-slow", "end": "errored"}, 0),
        ("evalkit_findings", {"scenario": "crm-slow", "severity": "violation"}, 2),
        ("evalkit_findings", {"scenario": "happy", "severity": "violation"}, 0),
        ("evalkit_faults", {"scenario": "crm-slow", "stage": "delivered"}, 1),
        ("evalkit_gate_passed", {"scenario": "crm-slow", "gate": ODD}, 0),
        ("evalkit_calls", {"scenario": "crm-slow", "service": "crm"}, 3),
        ("evalkit_call_errors", {"scenario": "crm-slow", "cause": "injected"}, 1),
        ("evalkit_session_completed_ratio", {"scenario": "happy"}, 1),
        ("evalkit_session_recovered_samples", {"scenario": "happy"}, 0),
        ("evalkit_turn_latency_seconds_sum", {"scenario": "happy"}, 2),
        ("evalkit_turn_latency_seconds_count", {"scenario": "crm-slow"}, 2),
        ("evalkit_turn_latency_seconds", {"scenario": "crm-slow", "quantile": "0.9"}, 3),
        ("evalkit_session_amplification", {"scenario": "crm-slow", "quantile": "0.5"}, 2),
        ("evalkit_session_added_latency_seconds", {"quantile": "0.5"}, 2),
    ],
)
def test_figures(read, name, labels, expected):
    labels = {"service": "crm", **labels} if name == "evalkit_call_errors" else labels
    assert value(read, name, suite="support", **labels) == expected


def test_what_cannot_be_known_is_missing_and_counted(tmp_path):
    used = {"model": "in-house-1", "usage": Usage(input=9, output=1)}
    story = asked(Story().turn(), body={"model": "in-house-1"}, ended=used).reply().end()
    run = stored(tmp_path / "run", result_of(story.records), record=record_of(scenario_of()))
    found = {each.name: each for each in families_of(run)}
    assert "evalkit_session_cost_dollars" not in found
    assert "evalkit_run_duration_seconds" not in found
    (unpriced,) = found["evalkit_calls_unpriced"].samples
    assert unpriced.value == 1


def test_no_label_tells_runs_apart(families):
    labels = {
        name
        for family in families
        for each in (*family.samples, *family.spreads)
        for name in each.labels
    }
    assert labels == {
        *("suite", "scenario", "service", "verdict", "end", "severity", "stage"),
        *("gate", "group", "cause", "quantile"),
    }


def test_no_two_metrics_have_one_name():
    names = [name_of(each) for each in METRICS.values()]
    assert len(set(names)) == len(names)
    assert name_of(METRICS["call.first_token"]) == "evalkit_call_first_token_seconds"


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "\\n", "é{}=,", "a\\"])
def test_any_text_can_be_a_label(text):
    family = Family(name="x", help=f"about {text}", samples=(Sample(labels={"l": text}, value=1),))
    (read,) = text_string_to_metric_families(text_of([family]))
    assert read.samples[0].labels == {"l": text}


@pytest.mark.parametrize("number", [0.1, 1e300, -3.0, float("inf"), 2**60, 1e-9])
def test_numbers_are_read_back(number):
    spread = Spread(labels={}, count=1, sum=number, quantiles={0.5: number})
    (read,) = text_string_to_metric_families(
        text_of([Family(name="x", help="x", spreads=(spread,))])
    )
    assert [each.value for each in read.samples] == [number, number, 1]
