"""What an agent is given and gives back, and what an agent is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

from evalkit.journal.records import Answer
from evalkit.suite.problems import closest

AnswerName: TypeAlias = Literal[
    "answered", "degraded", "hold", "escalated", "refused", "sign_in", "partial"
]


class AgentFailed(Exception):
    """A turn failed: the agent's reply was none, or was not usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The conversation that a turn belongs to."""

    id: str
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One input to the agent. `number` counts from 1 within the session."""

    input: str
    number: int
    session: Session


@dataclass(frozen=True, slots=True, init=False)
class Reply:
    """What the agent says to a turn.

    `answer` tells what kind of reply it is, `confidence` how sure the agent is of it, and `context`
    holds whatever else a check or a gate should see.
    """

    text: str
    answer: Answer | None
    confidence: float | None
    context: Mapping[str, Any]

    def __init__(
        self,
        text: str,
        answer: Answer | AnswerName | None = None,
        confidence: float | None = None,
        context: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if not isinstance(text, str):
            raise TypeError(f"the text of a reply is a str, not {_kind(text)}")
        if not isinstance(context, Mapping):
            raise TypeError(f"the context of a reply is a mapping, not {_kind(context)}")
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "answer", read_answer(answer))
        object.__setattr__(self, "confidence", _read_confidence(confidence))
        object.__setattr__(self, "context", dict(context))


class Agent(Protocol):
    """The software under test, for the length of one world."""

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says. Whatever it raises fails the turn."""
        ...


def read_answer(value: object) -> Answer | None:
    """The answer of this name. Raises `ValueError` where there is none."""
    if value is None or isinstance(value, Answer):
        return value
    words = [each.value for each in Answer]
    if isinstance(value, str) and value in words:
        return Answer(value)
    near = closest(value, words)
    guess = f"; did you mean {near}?" if near else ""
    raise ValueError(f"{value!r} is no answer; allowed: {', '.join(words)}{guess}")


def _read_confidence(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"the confidence of a reply is a number, not {_kind(value)}")
    if not math.isfinite(value):
        raise ValueError(f"the confidence of a reply is a finite number, not {value}")
    return float(value)


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
