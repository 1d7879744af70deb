"""`evalkit coverage`: what a suite declares about its services, as a table and what to add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TextIO

from evalkit.checks.coverage import Coverage, Covered, State
from evalkit.report.lines import Column, Line, Span, line, print_lines, table, width_of, wrapped
from evalkit.report.words import clean, count

_SIGNS: Mapping[State, Span] = MappingProxyType(
    {
        State.DECLARED: Span("✓", "green"),
        State.MISSING: Span("✗ missing", "red"),
        State.NOT_NEEDED: Span("·", "dim"),
    }
)


def print_coverage(found: Iterable[Coverage], stream: TextIO) -> None:
    """Print what suites declare about their services."""
    for each in found:
        print_lines(stream, coverage_lines(each, width_of(stream)))


def coverage_lines(coverage: Coverage, width: int) -> Iterator[Line]:
    """The table of a suite, then what is missing."""
    services = coverage.services
    yield line(f"{clean(coverage.suite)}: {count(len(services), 'service')}")
    if services:
        titles = ["service", *(each.aspect for each in services[0].aspects)]
        rows = [
            (Span(clean(each.service)), *(_cell(aspect) for aspect in each.aspects))
            for each in services
        ]
        yield from table([Column(_broken(title)) for title in titles], rows, width, by=2)
    yield line("")
    if not coverage.missing:
        yield line("nothing is missing", "green", by=2)
    else:
        yield line("to add", "bold", by=2)
    for service in services:
        lacks = [each for each in service.aspects if each.state is State.MISSING]
        if lacks:
            yield line(clean(service.service), by=2)
        for each in lacks:
            yield from wrapped(f"{each.aspect}: {clean(each.add or '')}", width, by=4)
    yield line("")


def _broken(title: str) -> str:
    return title.replace("failure policy", "on failure").replace("faults tried", "faults")


def _cell(aspect: Covered) -> Span:
    return _SIGNS[aspect.state]
