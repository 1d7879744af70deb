"""OTLP's JSON read by the messages of the protocol itself."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_IDS = ("traceId", "spanId", "parentSpanId")
KINDS = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest}


def parsed(signal: str, message: dict[str, Any]) -> Any:
    """The message, which must have no field that the protocol does not know.

    JSON for protobuf has bytes in base64, where OTLP has ids in hexadecimal.
    """
    wired = json.loads(json.dumps(message))
    return json_format.ParseDict(_with_bytes(wired), KINDS[signal]())


def _with_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _id(each) if key in _IDS else _with_bytes(each) for key, each in value.items()}


def _id(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as Python values."""
    return {each.key: _plain(each.value) for each in attributes}


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    return getattr(value, kind)
