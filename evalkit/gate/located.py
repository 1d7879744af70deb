"""What is wrong with gates that stand in a YAML file, each mistake at its line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from evalkit.gate.check import check_gate, warn_gate
from evalkit.gate.expression import parse_gate
from evalkit.gate.tokens import GateSyntaxError
from evalkit.suite import Loaded, Problem

_QUOTES = ('"', "'")


def gate_problems(
    loaded: Loaded[Any],
    where: tuple[str | int, ...],
    gates: Sequence[str],
    known: Mapping[str, Collection[str]],
) -> Iterator[Problem]:
    """Every mistake in the gates at this place of a file. `known` is as `check_gate` has it."""
    for index, text in enumerate(gates):
        place = (*where, index)
        try:
            wrong = check_gate(parse_gate(text), known)
        except GateSyntaxError as error:
            yield _syntax(loaded, place, error)
            continue
        yield from (loaded.problem(place, each) for each in wrong)


def gate_warnings(
    loaded: Loaded[Any], where: tuple[str | int, ...], gates: Sequence[str], sessions: int
) -> Iterator[Problem]:
    """The gates at this place of a file that could not pass with so many sessions."""
    for index, text in enumerate(gates):
        for message in warn_gate(parse_gate(text), sessions):
            yield loaded.problem((*where, index), message)


def _syntax(loaded: Loaded[Any], place: tuple[str | int, ...], error: GateSyntaxError) -> Problem:
    """The mistake at its own column where the gate stands in the file as it was read: on one line,
    bare or in quotes. Where it does not (it was folded, or holds escapes), the gate is shown.
    """
    mark = loaded.mark(place)
    rest = loaded.source.line(mark.line)[mark.column - 1 :]
    quote = rest[:1] if rest[:1] in _QUOTES else ""
    if not rest.startswith(f"{quote}{error.text}"):
        return loaded.problem(place, str(error))
    column = mark.column + len(quote) + error.column - 1
    return Problem(
        file=loaded.source.file,
        line=mark.line,
        column=column,
        message=error.problem,
        excerpt=loaded.source.line(mark.line),
        allowed=error.allowed,
        suggestion=error.suggestion,
    )
