"""Expressions and templates in the settings of checks: over the session's record and a turn."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator

from evalkit.checks.base import Facts
from evalkit.journal.views import SessionView, TurnView
from evalkit.services.template import (
    Expression,
    Template,
    TemplateError,
    compile_expression,
    compile_value,
)
from evalkit.suite.sessions import SessionRecord

_NAMES = ("session", "turn")


@lru_cache(maxsize=256)
def expression(text: str) -> Expression:
    """The expression, compiled. Raises `TemplateError`."""
    return compile_expression(text, _NAMES)


@lru_cache(maxsize=256)
def _template(text: str) -> Template:
    return compile_value(text, _NAMES)


class ConditionText(str):
    """An expression in the settings of a check, sound as far as it goes without a session."""

    __slots__ = ()


class TextTemplate(str):
    """A text with templates in the settings of a check."""

    __slots__ = ()


def _condition(text: str) -> str:
    try:
        expression(text)
    except TemplateError as error:
        raise ValueError(
            f"{error}; allowed: session.id, session.vars, turn.number, turn.input"
        ) from None
    return ConditionText(text)


def _text(text: str) -> str:
    try:
        _template(text)
    except TemplateError as error:
        raise ValueError(f"{error}; allowed: session.id, session.vars") from None
    return TextTemplate(text)


Condition: TypeAlias = Annotated[str, AfterValidator(_condition)]
"""An expression over `session.vars`, `session.id`, `turn.number` and `turn.input`."""

Text: TypeAlias = Annotated[str, AfterValidator(_text)]
"""A text with templates over `session.vars` and `session.id`."""


def of_turns(condition: str) -> bool:
    """Whether an expression speaks of a turn, so that it holds of one or does not."""
    return "turn" in expression(condition).names


def true_of(
    condition: str, session: SessionView, facts: Facts, turn: TurnView | None = None
) -> bool:
    """Whether an expression holds. Raises `RenderError`."""
    record = facts.sessions.get(session.id)
    if turn is None:
        return expression(condition).holds(_variables(session.id, record))
    return condition_of(condition, session.id, record, turn.turn, turn.started.input)


def condition_of(
    condition: str, session: str, record: SessionRecord | None, number: int, text: str
) -> bool:
    """Whether an expression holds of a turn with this number and input. Raises `RenderError`."""
    variables = _variables(session, record) | {"turn": {"number": number, "input": text}}
    return expression(condition).holds(variables)


def filled(text: str, session: str, facts: Facts) -> Any:
    """The text with its templates filled in. Raises `RenderError`."""
    return text_of(text, session, facts.sessions.get(session))


def text_of(text: str, session: str, record: SessionRecord | None) -> Any:
    """The same for a session with this record. Raises `RenderError`."""
    return _template(text).render(_variables(session, record))


def _variables(session: str, record: SessionRecord | None) -> dict[str, Any]:
    return {"session": {"id": session, "vars": {} if record is None else dict(record.vars)}}
