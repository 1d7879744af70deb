"""OTLP as JSON: the messages of a collector's `/v1/traces` and `/v1/metrics`.

JSON rather than protobuf needs no library, and is what OTLP's files hold. By its rules ids are
hexadecimal, integers of 64 bits are texts, enums are numbers, and names are in camel case.
Source: the OpenTelemetry protocol specification, "JSON Protobuf Encoding".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from evalkit import __version__
from evalkit.journal import conventions as names
from evalkit.journal.parents import Place
from evalkit.store import RunRecord
from evalkit.telemetry.families import Family, Sample, Shape, Spread
from evalkit.telemetry.spans import Attributes, Event, Span, Value

Message: TypeAlias = dict[str, Any]

_SCOPE = {"name": "evalkit", "version": __version__}
_STATUS_ERROR = 2
_SAMPLED = 0x01


def resource_of(record: RunRecord) -> Attributes:
    """Which run, of which suite, the signals are of."""
    return {
        names.SERVICE_NAME: record.suite,
        names.SERVICE_VERSION: record.commit or "unknown",
        names.SUITE: record.suite,
        names.RUN: record.run,
        names.SEED: record.seed,
        names.CLOCK: record.clock,
    }


def traces(resource: Attributes, spans: Iterable[Span]) -> Message:
    """An `ExportTraceServiceRequest`, which is a `TracesData` too."""
    scoped = {"scope": _SCOPE, "spans": [_span(each) for each in spans]}
    return {"resourceSpans": [{"resource": _resource(resource), "scopeSpans": [scoped]}]}


def metrics(resource: Attributes, families: Iterable[Family], start: int, end: int) -> Message:
    """An `ExportMetricsServiceRequest`; the figures are of the time between these moments.

    The run is no part of the resource: it would make new series with every run.
    """
    kept = {name: value for name, value in resource.items() if name in _LASTING}
    scoped = {"scope": _SCOPE, "metrics": [_metric(each, start, end) for each in families]}
    return {"resourceMetrics": [{"resource": _resource(kept), "scopeMetrics": [scoped]}]}


_LASTING = frozenset({names.SERVICE_NAME, names.SUITE, names.CLOCK})


def _resource(attributes: Attributes) -> Message:
    return {"attributes": _attributes(attributes)}


def _span(span: Span) -> Message:
    message: Message = {
        **_place(span.place),
        "flags": _SAMPLED,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(max(span.start, span.end)),
        "attributes": _attributes(span.attributes),
        "events": [_event(each) for each in span.events],
        "links": [_place(each) for each in span.links],
        "status": {},
    }
    if span.parent is not None:
        message["parentSpanId"] = span.parent
    if span.error is not None:
        message["status"] = {"code": _STATUS_ERROR, "message": _text(span.error)}
    return message


def _place(place: Place) -> Message:
    return {"traceId": place.trace, "spanId": place.span}


def _event(event: Event) -> Message:
    attributes = _attributes(event.attributes)
    return {"timeUnixNano": str(event.at), "name": event.name, "attributes": attributes}


def _metric(family: Family, start: int, end: int) -> Message:
    times = {"timeUnixNano": str(end)}
    message = {"name": family.name, "description": family.help, "unit": family.unit}
    if family.shape is Shape.GAUGE:
        points = [{**times, **_point(each)} for each in family.samples]
        return {**message, "gauge": {"dataPoints": points}}
    times["startTimeUnixNano"] = str(start)
    points = [{**times, **_summary(each)} for each in family.spreads]
    return {**message, "summary": {"dataPoints": points}}


def _point(sample: Sample) -> Message:
    return {"attributes": _labels(sample.labels), "asDouble": float(sample.value)}


def _summary(spread: Spread) -> Message:
    quantiles = [{"quantile": each, "value": value} for each, value in spread.quantiles.items()]
    return {
        "attributes": _labels(spread.labels),
        "count": str(spread.count),
        "sum": float(spread.sum),
        "quantileValues": quantiles,
    }


def _labels(labels: Mapping[str, str]) -> list[Message]:
    return _attributes({name: value for name, value in labels.items() if value != ""})


def _attributes(attributes: Attributes) -> list[Message]:
    return [{"key": name, "value": _value(each)} for name, each in attributes.items()]


def _value(value: Value) -> Message:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": _text(value)}
    return {"arrayValue": {"values": _values(value)}}


def _values(values: Sequence[Value]) -> list[Message]:
    return [_value(each) for each in values]


def _text(text: str) -> str:
    """A text as UTF-8 can carry it: lone surrogates, which JSON lets through, become `?`."""
    return text.encode("utf-8", "replace").decode()
