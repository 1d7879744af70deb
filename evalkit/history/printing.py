"""How answers and trends look on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from evalkit.gate import Verdict
from evalkit.history.answering import Answer
from evalkit.history.answering import Line as Figure
from evalkit.history.asking import Asked
from evalkit.history.figures import Value
from evalkit.history.trend import History, Point
from evalkit.metrics import METRICS, Unit, format_figure
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.words import clean, style_of, worded

_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"


def sparkline(figures: Sequence[float | None]) -> str:
    """The figures as bars from the lowest to the highest of them; `·` where there is none."""
    known = [each for each in figures if each is not None]
    if not known:
        return _GAP * len(figures)
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    middle = top // 2
    return "".join(
        _GAP if each is None else _BARS[round((each - low) / span * top) if span else middle]
        for each in figures
    )


def interval_text(value: Value, unit: Unit) -> str:
    """The interval of a figure; `…` on a side without a bound."""
    if value.observed is None or (value.low is None and value.high is None):
        return ""
    low, high = (
        "…" if each is None else format_figure(each, unit) for each in (value.low, value.high)
    )
    return f"[{low}, {high}]"


# Answers ---------------------------------------------------------------------------------------


def print_asked(asked: Asked, stream: TextIO, *, queries: bool = False) -> None:
    """Print what came of a question: how it was read, the query, and the figures; or why it was
    not answered. `queries` asks for the query of every figure, and not for the first alone.
    """
    width = width_of(stream)
    lines: list[Line] = []
    if asked.rephrased is not None:
        lines += wrapped(f"rephrased by the model: {clean(asked.rephrased)}", width)
    if asked.answer is not None:
        lines += answer_lines(asked.answer, width, queries=queries)
    else:
        lines += _unanswered(asked, width)
    for note in asked.notes:
        lines += wrapped(clean(note), width)
    print_lines(stream, lines)


def answer_lines(answer: Answer, width: int, *, queries: bool = False) -> Iterator[Line]:
    """The lines of an answer."""
    reading = answer.reading
    yield line(f"read as  {clean(reading.question)}")
    for each in reading.figures:
        yield line(f"figure   {clean(each)}")
    yield from wrapped(METRICS[reading.metric].description, width, "dim", by=9)
    yield from _queries(answer.lines, every=queries)
    yield line("")
    if answer.lines:
        yield from _figures(answer.lines, width)
    if answer.why is not None:
        yield line(f"? {answer.why}", "yellow")
    for note in answer.notes:
        yield from wrapped(clean(note), width)


def _queries(lines: Sequence[Figure], *, every: bool) -> Iterator[Line]:
    texts = list(dict.fromkeys(each.sql for each in lines))
    for text in texts if every else texts[:1]:
        first, *rest = text.split("\n")
        yield line(f"query    {clean(first)}")
        yield from (line(clean(each), by=9) for each in rest)
    if len(texts) > 1 and not every:
        yield line(f"and {len(texts) - 1} more like it: --queries", "dim", by=9)


def _figures(lines: Sequence[Figure], width: int) -> list[Line]:
    """The figures as a table; a column that says the same everywhere is needed all the same."""
    grouped = any(each.value.group is not None for each in lines)
    several = len({each.aggregate for each in lines}) > 1
    columns = [Column("run"), Column("of")]
    columns += [Column("")] if grouped else []
    columns += [Column("")] if several else []
    columns += [Column("figure", right=True), Column("at 95 %")]
    columns += [Column("count", right=True), Column("sessions", right=True)]
    rows = []
    for each in lines:
        row = [Span(_run(each)), Span(each.scope)]
        row += [Span(_group(each))] if grouped else []
        row += [Span(each.aggregate)] if several else []
        value = each.value
        row += [
            Span(format_figure(value.observed, each.unit), "bold"),
            Span(interval_text(value, each.unit)),
            Span(f"{value.n:,}"),
            Span(f"{value.sessions:,}"),
        ]
        rows.append(row)
    whys = {
        f"none in {_place(each)}: {each.value.why}": None
        for each in lines
        if each.value.why is not None
    }
    notes = [part for why in whys for part in wrapped(clean(why), width)]
    return [*table(columns, rows, width), *notes]


def _run(each: Figure) -> str:
    branch = "" if each.branch is None else f" ({clean(each.branch, 30)})"
    return f"{clean(each.run)}{branch}"


def _place(each: Figure) -> str:
    group = "" if each.value.group is None else f", {each.value.group}"
    return f"{_run(each)} {each.scope}{group}"


def _group(each: Figure) -> str:
    name = clean(each.value.group or "", 40)
    return f"{name} ←" if each.extreme else name


def _unanswered(asked: Asked, width: int) -> list[Line]:
    """Why a question was not answered, and the questions near it that can be."""
    lines = wrapped(f"? cannot answer: {clean(asked.why or '')}", width, "yellow")
    if not asked.near:
        return [*lines, line("`evalkit ask --grammar` tells what can be asked", "dim")]
    return [
        *lines,
        line("ask one of these instead:"),
        *(line(clean(each.question), by=2) for each in asked.near),
    ]


# Trends ----------------------------------------------------------------------------------------


def print_history(history: History, stream: TextIO) -> None:
    """Print the runs of every suite and branch with the figure of each, and its trend."""
    print_lines(stream, history_lines(history, width_of(stream)))


def history_lines(history: History, width: int) -> Iterator[Line]:
    """The lines of a history."""
    yield line(f"{clean(history.figure)}, {history.scope}")
    for (suite, branch), points in history.groups().items():
        yield line("")
        name = clean(suite) + ("" if branch is None else f" on {clean(branch)}")
        whole = [each for each in points if each.whole]
        bars = sparkline([each.value.observed for each in whole])
        yield (Span(name, "bold"), Span(f"  {bars}" if len(whole) > 1 else ""))
        yield from table(_COLUMNS, [_point(each, history.unit) for each in points], width, by=2)
    if not history.points:
        yield line("there is no run")
    for each in history.skipped:
        yield from wrapped(clean(each), width)


_COLUMNS = (
    Column("run"),
    Column("commit"),
    Column("verdict"),
    Column("figure", right=True),
    Column("at 95 %"),
    Column("count", right=True),
)


def _point(point: Point, unit: Unit) -> tuple[Span, ...]:
    verdict = None if point.verdict is None else Verdict(point.verdict)
    told = worded(verdict) if point.status == "complete" else point.status
    part = "" if point.whole or point.status != "complete" else " (a part)"
    return (
        Span(clean(point.run)),
        Span((point.commit or "")[:8]),
        Span(f"{told}{part}", style_of(verdict)),
        Span(format_figure(point.value.observed, unit), "bold"),
        Span(interval_text(point.value, unit)),
        Span(f"{point.value.n:,}" if point.value.n else ""),
    )
