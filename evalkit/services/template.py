"""Templates of mock replies: texts with `{{ expression }}` inside JSON-like values.

Compiled once, rendered often. A text that is exactly one `{{ expression }}` keeps the type of its
value; any other gives text. What a request holds is only ever a value, never a template. Rendering
is a pure function of the variables, and bounded: see `evalkit.services.sandbox.meter`. A name that
is missing is an error that says what there is; `x is defined` and `x | default(…)` allow for it.

Jinja2 is imported when the first template is made, not with this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from evalkit.errors import UsageError
from evalkit.services.sandbox.errors import RenderError
from evalkit.services.sandbox.meter import CURRENT, Meter

if TYPE_CHECKING:
    from evalkit.services.sandbox.text import Text

__all__ = [
    "Expression",
    "Mistake",
    "RenderError",
    "Template",
    "TemplateError",
    "Where",
    "compile_expression",
    "compile_value",
    "rendering",
]

Where: TypeAlias = tuple[str | int, ...]
_Fill: TypeAlias = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one text: its place in the value, and on which of its lines.

    `given` is the word that is wrong, where it is one, and `allowed` what it may be.
    """

    where: Where
    message: str
    line: int = 1
    given: str | None = None
    allowed: tuple[str, ...] = ()


class TemplateError(UsageError):
    """A template or an expression is not written as one. `mistakes` holds every one found."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(each.message for each in mistakes))


class Template:
    """A JSON-like value with its templates compiled."""

    __slots__ = ("_constant", "_fill", "names")

    def __init__(self, fill: _Fill | None, constant: Any, names: frozenset[str]) -> None:
        self._fill = fill
        self._constant = constant
        self.names = names
        """The variables that it uses."""

    @property
    def constant(self) -> bool:
        """Whether nothing in it is a template."""
        return self._fill is None

    def render(self, variables: Mapping[str, Any]) -> Any:
        """The value with its templates filled in. Raises `RenderError`."""
        if self._fill is None:
            return self._constant
        with rendering(variables):
            return self._fill(variables)

    def within(self, variables: Mapping[str, Any]) -> Any:
        """The same inside a `rendering` of these variables, which is then made once for several."""
        return self._constant if self._fill is None else self._fill(variables)


class Expression:
    """A bare expression, as a condition or a key."""

    __slots__ = ("_text", "names", "text")

    def __init__(self, text: str, compiled: Text) -> None:
        self.text = text
        self._text = compiled
        self.names = compiled.names
        """The variables that it uses."""

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Its value, in JSON's types. Raises `RenderError`."""
        with rendering(variables):
            return self._text.render(variables)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether its value is true. Raises `RenderError`."""
        return bool(self.evaluate(variables))


class rendering:  # noqa: N801 - reads as a statement, like contextlib's
    """All that is rendered inside with these same variables is one rendering, with one bound.

    It is cheaper too where a reply is made of several templates.
    """

    __slots__ = ("_token", "_variables")

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._token: Token[Meter] | None = None

    def __enter__(self) -> None:
        meter = CURRENT.get(None)
        if meter is None or meter.variables is not self._variables:
            self._token = CURRENT.set(Meter(self._variables))

    def __exit__(self, *error: object) -> None:
        if self._token is not None:
            CURRENT.reset(self._token)


def compile_value(value: Any, variables: Iterable[str] | None = None) -> Template:
    """The template of a JSON-like value: every text in it is one, keys are not.

    With `variables`, the use of any other is a mistake. Raises `TemplateError` with all mistakes,
    each with its place in the value.
    """
    found = _Found(variables)
    fill = _compile(value, (), found)
    found.check()
    return Template(fill, value, frozenset(found.names))


def compile_expression(text: str, variables: Iterable[str] | None = None) -> Expression:
    """The bare expression (without braces). Raises `TemplateError`."""
    from evalkit.services.sandbox.text import TextError, compile_bare

    found = _Found(variables)
    try:
        compiled = compile_bare(text)
    except TextError as error:
        raise TemplateError(Mistake((), str(error), error.line)) from None
    found.uses((), compiled.names)
    found.check()
    return Expression(text, compiled)


class _Found:
    """What was found while a value is compiled: the variables used, and the mistakes."""

    def __init__(self, variables: Iterable[str] | None) -> None:
        self.names: set[str] = set()
        self.mistakes: list[Mistake] = []
        self._allowed = None if variables is None else tuple(variables)

    def uses(self, where: Where, names: frozenset[str]) -> None:
        self.names |= names
        if self._allowed is None:
            return
        for name in sorted(names.difference(self._allowed)):
            message = f"there is no variable `{name}`"
            self.mistakes.append(Mistake(where, message, given=name, allowed=self._allowed))

    def check(self) -> None:
        if self.mistakes:
            raise TemplateError(*self.mistakes)


def _compile(value: Any, where: Where, found: _Found) -> _Fill | None:
    """What fills the value in; None where there is nothing to fill in."""
    if isinstance(value, str):
        return _compile_text(value, where, found)
    if isinstance(value, Mapping):
        return _compile_mapping(value, where, found)
    if isinstance(value, list | tuple):
        return _compile_list(value, where, found)
    return None


def _compile_text(text: str, where: Where, found: _Found) -> _Fill | None:
    if not ("{{" in text or "{%" in text or "{#" in text):
        return None
    from evalkit.services.sandbox.text import TextError, compile_text

    try:
        compiled = compile_text(text)
    except TextError as error:
        found.mistakes.append(Mistake(where, str(error), error.line))
        return None
    found.uses(where, compiled.names)
    return compiled.render


def _compile_mapping(value: Mapping[Any, Any], where: Where, found: _Found) -> _Fill | None:
    compiled = {key: _compile(each, (*where, key), found) for key, each in value.items()}
    fills = [(key, fill) for key, fill in compiled.items() if fill is not None]
    if not fills:
        return None

    def fill_mapping(variables: Mapping[str, Any]) -> Any:
        return {**value, **{key: fill(variables) for key, fill in fills}}

    return fill_mapping


def _compile_list(value: Sequence[Any], where: Where, found: _Found) -> _Fill | None:
    fills = [_compile(each, (*where, at), found) for at, each in enumerate(value)]
    if not any(fills):
        return None
    items = list(zip(value, fills, strict=True))

    def fill_list(variables: Mapping[str, Any]) -> Any:
        return [each if fill is None else fill(variables) for each, fill in items]

    return fill_list
