import json

import pytest

from evalkit.journal.parents import Place
from evalkit.telemetry.exporting import otlp_messages, to_file
from evalkit.telemetry.otlp import traces
from evalkit.telemetry.spans import Span
from evalkit.world.clock import epoch_ns
from tests.telemetry.messages import parsed, plain
from tests.telemetry.runs import PARENT, TRACE, full_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return full_run(tmp_path_factory.mktemp("otlp") / "run")


@pytest.fixture(scope="module")
def messages(run):
    return {signal: parsed(signal, message) for signal, message, _ in otlp_messages(run)}


def test_traces_are_read_by_the_protocols_own_messages(messages):
    (resource,) = messages["traces"].resource_spans
    assert plain(resource.resource.attributes) == {
        "service.name": "support",
        "service.version": "unknown",
        "evalkit.suite": "support",
        "evalkit.run": "support-20260105T090000Z-3fa2",
        "evalkit.seed": 7,
        "evalkit.clock": "simulated",
    }
    spans = resource.scope_spans[0].spans
    assert len(spans) == 12
    assert all(len(each.trace_id) == 16 and len(each.span_id) == 8 for each in spans)
    below = [each for each in spans if each.parent_span_id.hex() == PARENT]
    assert {each.trace_id.hex() for each in below} == {TRACE}
    assert len(below) == 2


def test_world_time_is_laid_from_the_beginning_of_the_run(messages):
    first = messages["traces"].resource_spans[0].scope_spans[0].spans[0]
    assert first.start_time_unix_nano == epoch_ns("2026-01-05T09:00:00Z")


def test_attributes_events_and_errors_arrive(messages):
    spans = messages["traces"].resource_spans[0].scope_spans[0].spans
    (model,) = [each for each in spans if "gpt-4o" in each.name and each.kind == 3]
    told = plain(model.attributes)
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert told["gen_ai.usage.input_tokens"] == 90
    (faulty,) = [each for each in spans if any(e.name == "evalkit.fault" for e in each.events)]
    assert (faulty.status.code, faulty.status.message) == (2, "503")
    assert plain(faulty.events[0].attributes)["evalkit.fault.kind"] == "status"


def test_metrics_are_read_by_the_protocols_own_messages(messages):
    (resource,) = messages["metrics"].resource_metrics
    assert "evalkit.run" not in plain(resource.resource.attributes)
    found = {each.name: each for each in resource.scope_metrics[0].metrics}
    latency = found["evalkit_turn_latency_seconds"]
    assert latency.unit == "s"
    points = {plain(each.attributes)["scenario"]: each for each in latency.summary.data_points}
    assert (points["happy"].count, points["happy"].sum) == (1, 2.0)
    assert {each.quantile for each in points["happy"].quantile_values} == {0.5, 0.9, 0.99}
    (last,) = found["evalkit_run_last_timestamp_seconds"].gauge.data_points
    assert last.time_unix_nano == epoch_ns("2026-01-05T09:00:10.5Z")
    assert last.as_double == 1767603610.5


def test_texts_that_are_no_unicode_are_carried():
    odd = "\ud800 \u0000 <b>"
    span = Span(place=Place(TRACE, PARENT), name="x", start=2, end=1, error=odd)
    message = parsed("traces", traces({"a": odd, "b": True, "c": 0.5}, [span]))
    (read,) = message.resource_spans[0].scope_spans[0].spans
    assert read.status.message == "? \u0000 <b>"
    assert read.end_time_unix_nano == read.start_time_unix_nano


def test_a_file_has_a_message_on_each_line(run, tmp_path):
    path = tmp_path / "run.jsonl"
    written = to_file(path, otlp_messages(run))
    lines = [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]
    assert [next(iter(each)) for each in lines] == ["resourceSpans", "resourceMetrics"]
    assert written.spans == 12
    assert written.metrics == len(lines[1]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"])
    assert [each.name for each in tmp_path.iterdir()] == ["run.jsonl"]
