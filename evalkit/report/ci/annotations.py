"""Annotations of GitHub's on the lines of a suite: what did not pass, where it is asked for.

They are workflow commands (`::error file=…,line=…::message`), which GitHub takes from what a step
prints. It shows ten errors and ten warnings of a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.report.words import clean, count

MOST = 10
LONGEST = 500
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Something to be said at a place of a file. Line and column count from 1."""

    level: Level
    file: str
    line: int | None = None
    column: int | None = None
    title: str
    message: str


def commands(annotations: Iterable[Annotation]) -> Iterator[str]:
    """The workflow commands, at most as many of each level as GitHub shows."""
    given = tuple(annotations)
    for level in ("error", "warning"):
        own = [each for each in given if each.level == level]
        yield from map(_command, own if len(own) <= MOST else _cut(own))


def _cut(own: Sequence[Annotation]) -> Iterator[Annotation]:
    """Those that are shown; the last one says how many are not."""
    yield from own[: MOST - 1]
    rest = own[MOST - 1 :]
    titles = ", ".join(dict.fromkeys(each.title for each in rest))
    first = rest[0]
    yield Annotation(
        level=first.level,
        file=first.file,
        title=f"evalkit: {count(len(rest), 'more')}",
        message=f"{count(len(rest), 'more')}, of {titles}",
    )


def _command(annotation: Annotation) -> str:
    known = {
        "file": annotation.file,
        "line": annotation.line,
        "col": annotation.column,
        "title": annotation.title,
    }
    parts = [f"{name}={_property(str(each))}" for name, each in known.items() if each is not None]
    return f"::{annotation.level} {','.join(parts)}::{_data(clean(annotation.message, LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
