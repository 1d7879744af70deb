"""Compiles the templates of a definition, and keeps every mistake with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.services.template import (
    Expression,
    Template,
    TemplateError,
    Where,
    compile_expression,
    compile_value,
)

_EMPTY = compile_value(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """One mistake of a definition and its place in it."""

    where: Where
    message: str
    allowed: tuple[str, ...] = ()
    given: str | None = None
    at_key: bool = False


class Compiler:
    """Compiles parts of one definition. After a mistake it goes on, to find them all."""

    def __init__(self) -> None:
        self.mistakes: list[Misplaced] = []

    def refuse(
        self,
        where: Where,
        message: str,
        *,
        allowed: Sequence[str] = (),
        given: str | None = None,
        at_key: bool = False,
    ) -> None:
        """Keep a mistake; with `at_key`, it is about the key that stands there."""
        self.mistakes.append(
            Misplaced(
                where=where, message=message, allowed=tuple(allowed), given=given, at_key=at_key
            )
        )

    def value(self, where: Where, value: Any, variables: Sequence[str]) -> Template:
        """The template of a JSON-like value that may use these variables."""
        try:
            return compile_value(value, variables)
        except TemplateError as error:
            self._refuse_all(where, error)
            return _EMPTY

    def expression(self, where: Where, text: str, variables: Sequence[str]) -> Expression | None:
        """The bare expression that may use these variables; None where it is none."""
        try:
            return compile_expression(text, variables)
        except TemplateError as error:
            self._refuse_all(where, error)
            return None

    def _refuse_all(self, where: Where, error: TemplateError) -> None:
        for each in error.mistakes:
            line = f" (line {each.line} of the text)" if each.line > 1 else ""
            self.refuse(
                (*where, *each.where),
                f"{each.message}{line}",
                allowed=each.allowed,
                given=each.given,
            )
