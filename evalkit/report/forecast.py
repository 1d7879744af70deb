"""`evalkit forecast`: what so many sessions would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from evalkit.gate.forecast import Interval
from evalkit.metrics import Unit, format_figure
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.words import clean, count


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForecast:
    """What the calls to one model would come to. Tokens are what is expected, rounded."""

    service: str
    model: str | None
    tokens_in: int
    tokens_out: int
    cost: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What so many `sessions` would cost in US dollars, in these `shares` by scenario.

    `measured` sessions are what it is known from. `session` is the mean cost of one and `total`
    that of all; both are None where the cost of some is `unknown`, which says why. `notes` are what
    should be known beside.
    """

    run: str
    sessions: int
    shares: Mapping[str, float]
    measured: int
    prices: str | None
    session: Interval | None = None
    total: Interval | None = None
    models: tuple[ModelForecast, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_FIGURES = (
    Column(""),
    Column("US dollars", right=True),
    Column("interval at 95 %"),
)
_MODELS = (
    Column("model"),
    Column("tokens in", right=True),
    Column("tokens out", right=True),
    Column("US dollars", right=True),
    Column("interval at 95 %"),
)


def print_forecast(forecast: Forecast, stream: TextIO) -> None:
    """Print a forecast."""
    print_lines(stream, forecast_lines(forecast, width_of(stream)))


def forecast_lines(forecast: Forecast, width: int) -> Iterator[Line]:
    """The lines of a forecast."""
    yield line(f"{count(forecast.sessions, 'session')} like those of {clean(forecast.run)}")
    mix = ", ".join(f"{clean(each)} {_share(share)}" for each, share in forecast.shares.items())
    yield from wrapped(mix, width, by=2)
    yield line("")
    if forecast.session is None or forecast.total is None:
        yield line("? there is no forecast", "yellow", by=2)
    else:
        rows = [
            (Span("a session, on average"), *_figures(forecast.session)),
            (Span("all of them"), *_figures(forecast.total)),
        ]
        yield from table(_FIGURES, rows, width, by=2)
        yield line("")
        yield from table(_MODELS, [_model(each) for each in forecast.models], width, by=2)
        yield line("")
        sample = f"from {count(forecast.measured, 'session')}, taken for a sample of those to come"
        yield line(sample, by=2)
    for text in (*forecast.unknown, *forecast.notes):
        yield from wrapped(clean(text), width, by=2)
    if forecast.prices is not None:
        yield line(f"prices  {clean(forecast.prices)}", by=2)


def _model(model: ModelForecast) -> tuple[Span, ...]:
    name = clean(f"{model.service} {model.model or 'without a name'}")
    tokens = (Span(f"{each:,}") for each in (model.tokens_in, model.tokens_out))
    return (Span(name), *tokens, *_figures(model.cost))


def _figures(interval: Interval) -> tuple[Span, Span]:
    figure = format_figure(interval.figure, Unit.MONEY)
    if interval.low is None or interval.high is None:
        return Span(figure), Span("none: one session tells of no other")
    low, high = (format_figure(each, Unit.MONEY) for each in (interval.low, interval.high))
    return Span(figure), Span(f"[{low}, {high}]")


def _share(share: float) -> str:
    return format_figure(share, Unit.SHARE)
