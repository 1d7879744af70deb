"""Prometheus' text format, version 0.0.4: for node_exporter's textfile collector and Pushgateway.

There are no timestamps: neither of the two takes them. When the run was over is a metric.
Source: the Prometheus documentation, "Exposition formats".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from evalkit.telemetry.families import Family, Spread

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text_of(families: Iterable[Family]) -> str:
    """The families as text."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.shape.value}"
    for sample in family.samples:
        yield _line(family.name, sample.labels, sample.value)
    for spread in family.spreads:
        yield from _summary(family.name, spread)


def _summary(name: str, spread: Spread) -> Iterator[str]:
    for quantile, value in spread.quantiles.items():
        yield _line(name, {**spread.labels, "quantile": f"{quantile:g}"}, value)
    yield _line(f"{name}_sum", spread.labels, spread.sum)
    yield _line(f"{name}_count", spread.labels, spread.count)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    """A sample. A label without a value is the same as none."""
    inside = ",".join(f'{key}="{_quoted(text)}"' for key, text in labels.items() if text != "")
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    value = float(value)
    if math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(text: str) -> str:
    plain = text.encode("utf-8", "replace").decode()
    return plain.replace("\\", r"\\").replace("\n", r"\n").replace("\r", " ")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
