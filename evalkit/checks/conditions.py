"""Expressions and templates in the settings of checks: over the session's record and a turn."""

from __future__ import annotations

from collections.abc import Mapping
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

_NAMES = ("session", "turn")


@lru_cache(maxsize=256)
def expression(text: str) -> Expression:
    """The expression, compiled. Raises `TemplateError`."""
    return compile_expression(text, _NAMES)


@lru_cache(maxsize=256)
def _template(text: str) -> Template:
    return compile_value(text, _NAMES)


def _condition(text: str) -> str:
    try:
        expression(text)
    except TemplateError as error:
        raise ValueError(
            f"{error}; allowed: session.id, session.vars, turn.number, turn.input"
        ) from None
    return text


def _text(text: str) -> str:
    try:
        _template(text)
    except TemplateError as error:
        raise ValueError(f"{error}; allowed: session.id, session.vars") from None
    return text


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
    return expression(condition).holds(_variables(session.id, facts, turn))


def filled(text: str, session: str, facts: Facts) -> Any:
    """The text with its templates filled in. Raises `RenderError`."""
    return _template(text).render(_variables(session, facts))


def _variables(session: str, facts: Facts, turn: TurnView | None = None) -> Mapping[str, Any]:
    record = facts.sessions.get(session)
    found: dict[str, Any] = {
        "session": {"id": session, "vars": {} if record is None else dict(record.vars)}
    }
    if turn is not None:
        found["turn"] = {"number": turn.turn, "input": turn.started.input}
    return found
