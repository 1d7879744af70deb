"""Small drawings, made when the report is made: numbers in, SVG out.

Colours come from classes and nothing has a style attribute, as the page's policy asks. What a
drawing shows also stands beside it as text, so it is hidden from screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from evalkit.metrics import Unit
from evalkit.report.html import amounts
from evalkit.report.html.view import (
    GateLine,
    Latency,
    Load,
    PastRun,
    Spread,
    Strip,
    Window,
)

_WIDE = 240.0
_GATE_WIDE = 150.0


def drawing(name: str, width: float, height: float, *parts: Markup) -> Markup:
    """An SVG of this size in pixels, which may shrink to its place."""
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}" aria-hidden="true"'
        ' focusable="false">{}</svg>'
    ).format(name, width, height, width, height, Markup("").join(parts))


def box(name: str, x: float, y: float, width: float, height: float, title: str = "") -> Markup:
    """A rectangle; `title` is told where a pointer rests."""
    told = Markup("<title>{}</title>").format(title) if title else Markup("")
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}">{}</rect>').format(
        name, _n(x), _n(y), _n(max(width, 0)), _n(height), told
    )


def stroke(name: str, x: float, top: float, bottom: float) -> Markup:
    """A vertical line."""
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        name, _n(x), _n(x), _n(top), _n(bottom)
    )


def dot(name: str, x: float, y: float, radius: float) -> Markup:
    """A round mark."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
        name, _n(x), _n(y), _n(radius)
    )


def path(name: str, points: Iterable[tuple[float, float]]) -> Markup:
    """A line through these points."""
    steps = " ".join(
        f"{'M' if at == 0 else 'L'}{_n(x)} {_n(y)}" for at, (x, y) in enumerate(points)
    )
    return Markup('<path class="{}" d="{}"/>').format(name, steps)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


# Gates -------------------------------------------------------------------------------------------


def gate_plot(gate: GateLine) -> Markup:
    """The figure of a gate with its interval, against the limit; the side that passes is shaded."""
    if gate.observed is None:
        return Markup("")
    known = [each for each in (gate.observed, gate.low, gate.high, gate.limit) if each is not None]
    low, high = _domain(known, gate.unit)
    scale = (_GATE_WIDE - 8) / (high - low)

    def x(value: float) -> float:
        return 4 + (min(max(value, low), high) - low) * scale

    limit = x(gate.limit)
    begin, end = {"<": (4.0, limit), ">": (limit, _GATE_WIDE - 4)}.get(
        gate.op[0], (limit - 1, limit + 1)
    )
    parts = [box("ground", 0, 9, _GATE_WIDE, 6), box("allowed", begin, 9, end - begin, 6)]
    if gate.low is not None or gate.high is not None:
        left = x(low if gate.low is None else gate.low)
        right = x(high if gate.high is None else gate.high)
        parts.append(box("interval", left, 10.5, max(right - left, 1.5), 3))
    parts += [stroke("limit", limit, 3, 21)]
    parts.append(dot(f"seen {gate.verdict.value}", x(gate.observed), 12, 4.5))
    return drawing("plot gate-plot", _GATE_WIDE, 24, *parts)


def _domain(values: Sequence[float], unit: Unit) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.12 or abs(high) * 0.5 or 1.0
    if unit is Unit.SHARE:
        return max(low - room, 0.0), min(high + room, 1.0) if high <= 1 else high + room
    return (low - room if low < 0 else 0.0), high + room


# Distributions -----------------------------------------------------------------------------------


class LogScale:
    """A logarithmic scale of times from `first` to `last`, over so many pixels."""

    def __init__(self, first: float, last: float, width: float) -> None:
        self.first, self.last = max(first, 1.0), max(last, first * 1.01, 2.0)
        self.width = width

    def __call__(self, value: float) -> float:
        """Where on the scale a value is."""
        place = math.log(max(value, self.first) / self.first) / math.log(self.last / self.first)
        return 2 + min(place, 1.0) * (self.width - 4)


def spread_plot(spread: Spread | None, width: float = 132) -> Markup:
    """The distribution of one service's latencies, with its median and its p99."""
    if spread is None:
        return Markup("")
    x = LogScale(spread.first, spread.last, width)
    parts = [*_bars(spread, x, 26, 0), box("ground", 0, 26, width, 1)]
    parts += [stroke("p50", x(spread.p50), 3, 28), stroke("p99", x(spread.p99), 3, 28)]
    return drawing("plot", width, 28, *parts)


def _bars(spread: Spread, x: LogScale, base: float, top: float) -> list[Markup]:
    if not spread.bins:
        return []
    highest = max(spread.bins)
    ratio = spread.last / spread.first
    parts = []
    for place, count in enumerate(spread.bins):
        if count:
            left = x(spread.first * ratio ** (place / len(spread.bins)))
            right = x(spread.first * ratio ** ((place + 1) / len(spread.bins)))
            tall = max(math.sqrt(count / highest) * (base - top - 2), 1.5)
            parts.append(box("bar", left, base - tall, max(right - left - 0.7, 0.8), tall))
    return parts


def latency_plot(line: Latency, first: float, last: float) -> Markup:
    """The distribution of a scenario's turns on a scale that all scenarios share."""
    width, base = 420.0, 34.0
    x = LogScale(first, last, width)
    parts = [box("ground", 0, base, width, 1)]
    parts += [stroke("grid", x(tick), 0, base) for tick in ticks(first, last)]
    if line.spread is not None:
        parts += _bars(line.spread, x, base, 2)
        parts += [stroke("p50", x(line.spread.p50), 4, base + 3)]
        parts += [stroke("p99", x(line.spread.p99), 4, base + 3)]
    for each in line.limits:
        parts.append(stroke(f"limit {each.state}", x(each.at), 0, base + 5))
    return drawing("plot wide", width, 40, *parts)


def ticks(first: float, last: float) -> list[float]:
    """Round times within a range, at most a handful."""
    found = [
        step * 10.0**power
        for power in range(3, 15)
        for step in (1, 2, 5)
        if first <= step * 10.0**power <= last
    ]
    whole = [each for each in found if str(int(each))[0] == "1"]
    return whole if len(found) > 7 and len(whole) > 1 else found[:7]


def latency_axis(first: float, last: float) -> Markup:
    """The scale that `latency_plot` draws on, with its times."""
    width = 420.0
    x = LogScale(first, last, width)
    marks = [
        Markup('<text class="tick" x="{}" y="11">{}</text>').format(
            _n(min(max(x(tick), 12), width - 12)),
            amounts.duration(tick).replace(".00", "").replace(".0", ""),
        )
        for tick in ticks(first, last)
    ]
    return drawing("plot wide", width, 14, *marks)


def parts_plot(line: Latency, longest: float) -> Markup:
    """Where the mean turn's time went: model, tools, waiting, one after the other."""
    scale = (_WIDE - 2) / longest if longest else 0.0
    parts = [box("ground", 0, 4, _WIDE, 12)]
    begun = 1.0
    for name, value in (("model", line.model), ("tools", line.tools), ("waiting", line.waiting)):
        parts.append(box(f"part {name}", begun, 4, value * scale, 12))
        begun += value * scale
    return drawing("plot", _WIDE, 20, *parts)


def share_plot(part: float | None, name: str) -> Markup:
    """A share as a bar."""
    if part is None:
        return Markup("")
    return drawing("plot", 72, 8, box("ground", 0, 1, 72, 6), box(name, 0, 1, part * 72, 6))


# Under load --------------------------------------------------------------------------------------

_OVER_TIME = 460.0


def _at(load: Load, moment: float) -> float:
    """Where a moment, in nanoseconds since the load began, is on the scale of time."""
    return 1 + min(moment / (len(load.strips[0].values) * load.step), 1.0) * (_OVER_TIME - 2)


def time_axis(load: Load) -> Markup:
    """The scale of time that the drawings of a load test share."""
    whole = len(load.strips[0].values) * load.step
    every = next(each for each in (1, 2, 5, 10, 20, 50, 100, 1000) if whole / each <= 6 * load.step)
    marks = [
        Markup('<text class="tick" x="{}" y="11">{}</text>').format(
            _n(min(max(_at(load, tick), 10), _OVER_TIME - 16)),
            amounts.duration(tick).replace(".00", "").replace(".0", ""),
        )
        for tick in range(0, whole + 1, every * load.step)
    ]
    return drawing("plot wide", _OVER_TIME, 14, *marks)


def strip_plot(load: Load, strip: Strip) -> Markup:
    """A figure over the time of a load test, from zero."""
    base, wide = 34.0, (_OVER_TIME - 2) / len(strip.values)
    highest = strip.most or 0.0
    name = "bar wrong" if strip.unit is Unit.SHARE else "bar"
    parts = [box("ground", 0, base, _OVER_TIME, 1)]
    for place, value in enumerate(strip.values):
        if value and highest:
            tall = max(value / highest * (base - 2), 1.0)
            parts.append(box(name, _at(load, place * load.step), base - tall, wide - 0.7, tall))
    return drawing("plot wide", _OVER_TIME, 36, *parts)


def window_plot(load: Load, window: Window) -> Markup:
    """When a fault rule held."""
    first, last = _at(load, window.first), _at(load, window.last)
    bar = box("fault-window", first, 3, max(last - first, 2), 10)
    return drawing("plot wide", _OVER_TIME, 16, box("ground", 0, 3, _OVER_TIME, 10), bar)


# Over runs ---------------------------------------------------------------------------------------


def trend_plot(runs: Sequence[PastRun], figure: str, width: float = 220) -> Markup:
    """A figure over runs, the oldest first, the last with a mark."""
    values = [getattr(each, figure) for each in runs]
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if not known:
        return Markup("")
    low, high = min(v for _, v in known), max(v for _, v in known)
    step = (width - 12) / max(len(values) - 1, 1)
    tall = (high - low) or 1.0
    points = [(6 + at * step, 30 - (value - low) / tall * 22) for at, value in known]
    if high == low:
        points = [(x, 19.0) for x, _ in points]
    marks = [
        dot(f"seen {runs[at].verdict or 'none'}", x, y, 4.5 if at == len(values) - 1 else 2.5)
        for (at, _), (x, y) in zip(known, points, strict=True)
    ]
    return drawing("plot trend", width, 38, path("line", points), *marks)


def labelled(text: str) -> Markup:
    """Text, escaped."""
    return escape(text)
