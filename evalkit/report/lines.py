"""Lines of text in parts that may have a colour, laid out for a width and printed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO, TypeAlias

NARROWEST = 80


@dataclass(frozen=True, slots=True)
class Span:
    """Text with a colour, which only repeats what the text says."""

    text: str
    style: str = ""


Line: TypeAlias = tuple[Span, ...]
"""A line. It is printed as it is, so that what is to be copied stays in one piece."""


def line(text: str, style: str = "", *, by: int = 0) -> Line:
    """A line of one part, indented."""
    return (Span(" " * by + text, style),)


def wrapped(text: str, width: int, style: str = "", *, by: int = 0) -> list[Line]:
    """Prose, broken into lines that fit the width; words longer than that stay whole."""
    indent = " " * by
    return [
        line(each, style)
        for each in textwrap.wrap(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def plain(each: Line) -> str:
    """The text of a line."""
    return "".join(span.text for span in each)


def print_lines(stream: TextIO, lines: Iterable[Line]) -> None:
    """Print lines: in colour on a terminal unless NO_COLOR is set."""
    if not stream.isatty():
        stream.writelines(f"{plain(each)}\n" for each in lines)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    for each in lines:
        console.print(Text.assemble(*((span.text, span.style) for span in each)), soft_wrap=True)


def width_of(stream: TextIO) -> int:
    """How wide a stream is: a terminal as it is, anything else as the narrowest."""
    if not stream.isatty():
        return NARROWEST
    from rich.console import Console

    return Console(file=stream).width


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the one that is wrapped takes what the others leave."""

    title: str
    right: bool = False
    wraps: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Span]], width: int, *, by: int = 0
) -> list[Line]:
    """A table in lines, its titles first. A cell may hold several lines."""
    texts = [[each.text.split("\n") for each in row] for row in rows]
    sizes = [
        max([len(column.title), *(len(text) for row in texts for text in row[at])])
        for at, column in enumerate(columns)
    ]
    rest = width - by - 2 * (len(columns) - 1)
    for at, column in enumerate(columns):
        if column.wraps:
            others = sum(sizes) - sizes[at]
            sizes[at] = max(len(column.title), 20, min(sizes[at], rest - others))
    lines = [_row([Span(each.title, "dim") for each in columns], columns, sizes, by)]
    for row in rows:
        lines += _rows(row, columns, sizes, by)
    return lines


def _rows(
    row: Sequence[Span], columns: Sequence[Column], sizes: Sequence[int], by: int
) -> list[Line]:
    """The lines of one row: as many as its tallest cell."""
    cells = [
        [
            part
            for text in cell.text.split("\n")
            for part in textwrap.wrap(text, size, break_on_hyphens=False) or [""]
        ]
        for cell, size in zip(row, sizes, strict=True)
    ]
    tallest = max(map(len, cells))
    return [
        _row(
            [
                Span(cell[at] if at < len(cell) else "", own.style)
                for cell, own in zip(cells, row, strict=True)
            ],
            columns,
            sizes,
            by,
        )
        for at in range(tallest)
    ]


def _row(row: Sequence[Span], columns: Sequence[Column], sizes: Sequence[int], by: int) -> Line:
    spans = [Span(" " * by)]
    for cell, column, size in zip(row, columns, sizes, strict=True):
        text = cell.text.rjust(size) if column.right else cell.text.ljust(size)
        spans += [Span(text, cell.style), Span("  ")]
    while spans and not spans[-1].text.strip():
        spans.pop()
    return (*spans[:-1], *(Span(each.text.rstrip(), each.style) for each in spans[-1:]))
