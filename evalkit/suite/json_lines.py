"""Reads JSONL files: one record a line, as JSON, with every mistake in them located."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from evalkit.errors import SuiteError
from evalkit.suite.json_places import place_in
from evalkit.suite.mistakes import mistakes_of
from evalkit.suite.problems import Problem
from evalkit.suite.source import read_bytes, refuse
from evalkit.suite.tree import Where

MAX_FILE = 500_000_000
MAX_LINE = 1_000_000
"""The most bytes of a file, and of one line of it."""

RecordT = TypeVar("RecordT", bound=BaseModel)

Objection: TypeAlias = Callable[[RecordT, int], tuple[Where, str] | None]
"""What is wrong with the record of a line of this number beside the others, and where in it."""


def load_lines(
    path: Path, model: type[RecordT], holds: str, objection: Objection[RecordT] = lambda *_: None
) -> tuple[RecordT, ...]:
    """The records of a file. `holds` says what one is called. Raises `SuiteError` with all
    mistakes.
    """
    data = read_bytes(path, MAX_FILE)
    if len(data) > MAX_FILE:
        refuse(str(path), f"the file is too large; allowed: up to {MAX_FILE} bytes")
    reader = _Reader(str(path), model, objection)
    records = list(reader.read(data.removeprefix(b"\xef\xbb\xbf")))
    if reader.problems:
        raise SuiteError(reader.problems)
    if not records:
        refuse(str(path), f"the file holds no {holds}; allowed: one JSON object a line")
    return tuple(records)


@dataclass(slots=True)
class _Reader(Generic[RecordT]):
    file: str
    model: type[RecordT]
    objection: Objection[RecordT]
    problems: list[Problem] = field(default_factory=list)

    def read(self, data: bytes) -> Iterator[RecordT]:
        """The records of all lines that hold one."""
        for number, line in enumerate(data.split(b"\n"), start=1):
            if line.strip() and (record := self._record(line, number)) is not None:
                yield record

    def _record(self, line: bytes, number: int) -> RecordT | None:
        try:
            text = _text(line)
            value = _value(text)
        except _BadLineError as error:
            shown = line[: MAX_LINE + 1].decode("utf-8", "replace").rstrip("\r")
            self._complain(number, error.column, str(error), shown)
            return None
        return self._validated(value, text, number)

    def _validated(self, value: Any, text: str, number: int) -> RecordT | None:
        try:
            record = self.model.model_validate(value)
        except ValidationError as error:
            for each in mistakes_of(error, self.model, value):
                column = place_in(text, each.where, at_key=each.at_key) + 1
                self._complain(number, column, each.message, text, each.allowed, each.suggestion)
            return None
        if (wrong := self.objection(record, number)) is not None:
            where, message = wrong
            self._complain(number, place_in(text, where) + 1, message, text)
        return record

    def _complain(
        self,
        line: int,
        column: int,
        message: str,
        excerpt: str,
        allowed: tuple[str, ...] = (),
        suggestion: str | None = None,
    ) -> None:
        self.problems.append(
            Problem(
                file=self.file,
                line=line,
                column=column,
                message=message,
                excerpt=excerpt,
                allowed=allowed,
                suggestion=suggestion,
            )
        )


class _BadLineError(Exception):
    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column


def _text(line: bytes) -> str:
    if len(line) > MAX_LINE:
        raise _BadLineError(f"the line is too long; allowed: up to {MAX_LINE} bytes")
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8", "replace")) + 1
        raise _BadLineError("the line is not UTF-8 text", column) from None


def _value(text: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _BadLineError(f"this is not JSON: {error.msg}", error.colno) from None
    except UnicodeEncodeError:
        raise _BadLineError("half of a surrogate pair is no text") from None
    except RecursionError:
        raise _BadLineError("nested too deep") from None
    except ValueError as error:  # a number of thousands of digits
        raise _BadLineError(f"this is not JSON: {error}") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        again = next(name for name in names if names.count(name) > 1)
        raise _BadLineError(f'"{again}" is written twice in one object')
    return value


def _constant(name: str) -> NoReturn:
    raise _BadLineError(f"{name} is no number that JSON can hold")
