"""Sheets of questions with their right readings, and how those who read them are judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from evalkit.history import Names, Refused, Understood, Unsure, understand

CANNOT = "cannot"
"""The right reading of what is ambiguous, or not measured; and what is said of what is refused."""


@dataclass(frozen=True)
class Sheet:
    """Questions with their right readings, asked at a moment of runs in which these names occur."""

    questions: tuple[tuple[str, str], ...]
    names: Names
    now: datetime

    @classmethod
    def of(cls, file: str, names: Names, now: datetime) -> Sheet:
        """The questions of a file beside this one."""
        text = Path(__file__).with_name(file).read_text(encoding="utf-8")
        rows = yaml.safe_load(text)
        return cls(tuple((question, right) for question, right in rows), names, now)

    @property
    def answerable(self) -> tuple[tuple[str, str], ...]:
        """Those that have an answer."""
        return tuple(each for each in self.questions if each[1] != CANNOT)

    @property
    def readings(self) -> list[str]:
        """Every right reading, once."""
        return sorted({right for _, right in self.answerable})

    def read(self, question: str) -> Understood | Unsure | Refused:
        """How a question is read."""
        return understand(question, self.names, self.now)

    def said(self, question: str) -> str:
        """The reading of a question, or `cannot`."""
        found = self.read(question)
        return found.reading.question if isinstance(found, Understood) else CANNOT

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """Those that are read otherwise than is right, and not refused."""
        told = [(question, right, self.said(question)) for question, right in self.questions]
        return [each for each in told if each[2] not in (each[1], CANNOT)]

    @property
    def unanswered(self) -> list[str]:
        """Those that are given no answer, whether they have one or not."""
        return [question for question, _ in self.questions if self.said(question) == CANNOT]

    @property
    def refused(self) -> list[str]:
        """Those that have an answer and are given none."""
        return [question for question, _ in self.answerable if self.said(question) == CANNOT]
