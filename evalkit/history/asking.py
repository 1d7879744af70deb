"""A question from end to end: the runs, the names in them, the reading, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from evalkit.errors import UsageError
from evalkit.history.answering import Answer, answer
from evalkit.history.names import names_in
from evalkit.history.reading import Reading
from evalkit.history.rephrase import Rephraser
from evalkit.history.runs import Found
from evalkit.history.understand import Refused, Understood, understand


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and what came of it: an answer, or why there is none and the readings near it.

    `rephrased` is what a model made of it, if one was asked and what it said was taken.
    """

    question: str
    answer: Answer | None = None
    why: str | None = None
    near: tuple[Reading, ...] = ()
    rephrased: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is a figure."""
        return self.answer is not None and self.answer.known


def ask(question: str, found: Found, now: datetime, *, model: Rephraser | None = None) -> Asked:
    """Answer a question from these runs; `now` is what `today` is taken from.

    The model is asked only where a word is not known, or the parts of the question do not fit.
    Where it could be read in several ways, no model decides which.
    """
    names = names_in(found.runs)
    read = understand(question, names, now)
    notes, rephrased = list(found.skipped), None
    if isinstance(read, Refused) and model is not None:
        try:
            rephrased = model.rephrased(question, names)
        except UsageError as error:
            notes.append(error.message)
        again = None if rephrased is None else understand(rephrased, names, now)
        if isinstance(again, Understood):
            read = again
        else:
            rephrased = None
    if isinstance(read, Understood):
        told = answer(read.reading, found.runs, names)
        return Asked(question=question, answer=told, rephrased=rephrased, notes=tuple(notes))
    near: Sequence[Reading] = read.near if isinstance(read, Refused) else read.readings
    return Asked(question=question, why=read.why, near=tuple(near), notes=tuple(notes))


def plain(asked: Asked) -> dict[str, Any]:
    """What came of a question, as JSON has it."""
    told = asked.answer
    return {
        "question": asked.question,
        "rephrased": asked.rephrased,
        "answered": asked.known,
        "read_as": None if told is None else told.reading.question,
        "figures": [] if told is None else list(told.reading.figures),
        "lines": [] if told is None else [asdict(each) for each in told.lines],
        "why": asked.why if told is None else told.why,
        "near": [each.question for each in asked.near],
        "notes": [*asked.notes, *(() if told is None else told.notes)],
    }
