"""The text of a file, read with its limits, and problems located in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from evalkit.errors import SuiteError
from evalkit.suite.problems import Problem, closest

MAX_BYTES = 5_000_000
"""The largest file that is read as YAML."""

# What YAML counts as a line break, and what it takes as text at all.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Mark(NamedTuple):
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and its lines."""

    file: str
    text: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str, file: str) -> Source:
        """The source of a text that is known to be sound."""
        return cls(file, text, tuple(_BREAK.split(text)))

    @classmethod
    def decoded(cls, data: bytes, file: str, limit: int = MAX_BYTES) -> Source:
        """The source of a file's bytes. Raises `SuiteError` unless they are UTF-8 text."""
        if len(data) > limit:
            refuse(file, f"the file is too large; allowed: up to {limit} bytes")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            mark = cls.of(data[: error.start].decode("utf-8-sig", "replace"), file).end
            shown = cls.of(data.decode("utf-8-sig", "replace"), file)
            byte = f"0x{data[error.start]:02x}"
            shown.refuse(mark, f"the file is not UTF-8 text: byte {byte} has no meaning here")
        source = cls.of(text, file)
        if found := _NOT_TEXT.search(text):
            mark = cls.of(text[: found.start()], file).end
            source.refuse(mark, f"the character U+{ord(found[0]):04X} is not allowed in a file")
        return source

    @property
    def end(self) -> Mark:
        """The place behind the last character."""
        return Mark(len(self.lines), len(self.lines[-1]) + 1)

    def line(self, number: int) -> str:
        """The line of this number; empty behind the last."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def problem(
        self, mark: Mark, message: str, *, allowed: Iterable[str] = (), given: object = None
    ) -> Problem:
        """A problem at this place. `given` is what stands there, to tell what was meant by."""
        allowed = tuple(allowed)
        mark = min(mark, self.end)  # libyaml puts what is missing at the end on a line behind it
        return Problem(
            file=self.file,
            line=mark.line,
            column=mark.column,
            message=message,
            excerpt=self.line(mark.line),
            allowed=allowed,
            suggestion=None if given is None else closest(given, allowed),
        )

    def refuse(self, mark: Mark, message: str) -> NoReturn:
        """Raise a `SuiteError` at this place."""
        raise SuiteError([self.problem(mark, message)])


def refuse(file: str, message: str, *, allowed: Sequence[str] = (), given: str = "") -> NoReturn:
    """Raise a `SuiteError` about a file as a whole."""
    suggestion = closest(given, allowed) if given else None
    raise SuiteError([Problem(file=file, message=message, suggestion=suggestion)])


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file, up to one more than the limit. Raises `SuiteError` if it has none."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        refuse(str(path), "there is no such file", allowed=_beside(path), given=path.name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        refuse(str(path), f"the file cannot be read: {reason}")


def _beside(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.parent.iterdir())
    except (OSError, ValueError):
        return []
