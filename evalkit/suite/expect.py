"""What a session or a turn is expected to have done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic import GetJsonSchemaHandler as Handler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalkit.journal.records import Answer, End
from evalkit.suite.parts import Natural, OneOrMany, Part, compiles, mistake

TEMPLATE = re.compile(r"\{\{|\{%|\{#")

LAST: Literal["last"] = "last"
"""Stands for the last turn where answers are expected by turn."""


def _turn(key: Any) -> Any:
    if isinstance(key, str) and re.fullmatch("[1-9][0-9]{0,5}", key):
        return int(key)
    if key == LAST or (isinstance(key, int) and not isinstance(key, bool) and key > 0):
        return key
    raise ValueError(f"{key} is no turn; allowed: a number from 1, or {LAST}")


TurnKey: TypeAlias = Annotated[int | Literal["last"], BeforeValidator(_turn)]


def _by_turn(value: Any) -> Any:
    return {LAST: value} if isinstance(value, str | list | tuple) else value


class _OrByTurn:
    """The JSON Schema of answers: one, a list, or a mapping by turn."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        answers = handler(core)["additionalProperties"]
        turns = {"^([1-9][0-9]{0,5}|last)$": answers}
        by_turn = {"type": "object", "patternProperties": turns, "additionalProperties": False}
        return {"anyOf": [*answers["anyOf"], by_turn]}


Answers: TypeAlias = Annotated[
    Mapping[TurnKey, OneOrMany[Answer]], BeforeValidator(_by_turn), _OrByTurn()
]


def _matches(pattern: str) -> str:
    # A template in a pattern has to be filled in before it can be read as one.
    return pattern if TEMPLATE.search(pattern) else compiles(pattern)


class ReplyExpectation(Part):
    """What the text of a reply must and must not hold; strings are templates."""

    contains: OneOrMany[str] = ()
    excludes: OneOrMany[str] = ()
    matches: Annotated[str, AfterValidator(_matches)] | None = Field(
        None, description="A regular expression to be found in the text"
    )


class EffectExpectation(Part):
    """What the ledger of a session must hold at its end."""

    exactly: Mapping[str, Natural] = Field({}, description="How many effects of each name")
    none: OneOrMany[str] = Field((), description="Names of effects of which there must be none")


class CallBounds(Part):
    """How many requests a service may get in a session."""

    min: Natural = 0
    max: Natural | None = None

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int | None, info: ValidationInfo) -> int | None:
        low = info.data.get("min", 0)
        if value is not None and value < low:
            raise ValueError(f"`max` is below `min`; allowed: {low} or more")
        return value


class AllowedFindings(Part):
    """Checks whose violations do not fail the scenario."""

    allow: tuple[str, ...] = ()


class Expect(Part):
    """What must hold of a session (or of the turn it is written at)."""

    answer: Answers | None = Field(
        None, description="One or several allowed, of the last turn; or a mapping by turn"
    )
    reply: ReplyExpectation = ReplyExpectation()
    effects: EffectExpectation = EffectExpectation()
    calls: Mapping[str, CallBounds] = Field({}, description="Bounds by service")
    end: OneOrMany[End] | None = None
    findings: AllowedFindings = AllowedFindings()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers allowed of the last turn; empty means any."""
        return (self.answer or {}).get(LAST, ())

    @property
    def answers_by_turn(self) -> Mapping[int, tuple[Answer, ...]]:
        """The answers allowed of numbered turns, from 1."""
        return {turn: allowed for turn, allowed in (self.answer or {}).items() if turn != LAST}


def only_of_a_turn(expect: Expect | None) -> Expect | None:
    """Refuse what can be expected of a whole session only."""
    if expect is None:
        return None
    if expect.answers_by_turn:
        raise mistake("at a turn, answers are those of the turn: write one or a list", "answer")
    for name in ("end", "findings"):
        if name in expect.model_fields_set:
            raise mistake(f"`{name}` can be expected of a session, not of a turn", name)
    return expect


TurnExpect: TypeAlias = Annotated[Expect | None, AfterValidator(only_of_a_turn)]
