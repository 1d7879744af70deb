"""One text compiled: the only module that hands sources to Jinja2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context

from evalkit.services.sandbox.environment import Sandbox
from evalkit.services.sandbox.errors import RenderError
from evalkit.services.sandbox.lookup import Part, light, looked_up, parts_of
from evalkit.services.sandbox.meter import CURRENT, checked
from evalkit.services.sandbox.syntax import NATIVE, meter, restrict
from evalkit.services.sandbox.values import plain, text_of

_Root: TypeAlias = Callable[[Context], Iterator[Any]]

_BARE = "a condition or a key is one expression, written without braces"

MAX_SOURCE = 100_000
"""The length of a template's text."""


class TextError(ValueError):
    """The text is no template; `line` counts from 1 within it."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class Text:
    """A compiled text. `names` are the variables that it uses."""

    __slots__ = ("_native", "_parts", "_path", "_root", "_sets", "names", "source")

    def __init__(
        self, source: str, tree: nodes.Template, parts: Sequence[Part] | None, *, native: bool
    ) -> None:
        self.source = source
        self.names = frozenset(meta.find_undeclared_variables(tree))
        self._root: _Root = _sandbox().from_string(tree).root_render_func
        self._native = native
        self._parts = parts
        self._path = _path(parts) if native else None
        self._sets = tree.find(nodes.Assign) is not None

    def render(self, variables: Mapping[str, Any]) -> Any:
        """Its value with these variables, under the meter of the rendering under way."""
        if self._path is not None and (known := light(self._path, variables)):
            return known[0]
        try:
            if self._parts is not None and (found := looked_up(self._parts, variables)):
                return plain(found[0]) if self._native else _joined(found)
            pieces = self._root(self._context(variables))
            value = plain(next(pieces)) if self._native else _joined(pieces)
        except RecursionError:
            raise RenderError(f"{self._shown}: it is nested too deeply") from None
        except Exception as error:
            raise RenderError(f"{self._shown}: {error}") from None
        return value

    def _context(self, variables: Mapping[str, Any]) -> Context:
        """One for all texts of a rendering, but an own one where this text sets names in it."""
        meter = CURRENT.get()
        if self._sets:
            return _sandbox().context(variables)
        if meter.context is None:
            meter.context = _sandbox().context(variables)
        found: Context = meter.context
        return found

    @property
    def _shown(self) -> str:
        line = " ".join(self.source.split())
        return f"`{line}`" if len(line) <= 80 else f"`{line[:79]}…`"


@lru_cache(4096)
def compile_text(source: str) -> Text:
    """The text compiled, one `{{ expression }}` to its native value. Raises `TextError`."""
    return _compiled(source, source, _only_expression)


@lru_cache(4096)
def compile_bare(source: str) -> Text:
    """The bare expression compiled. Raises `TextError`."""
    if "{{" in source or "{%" in source:
        raise TextError(_BARE)
    try:
        return _compiled(source, f"{{{{ {source} }}}}", _one_expression)
    except TextError as error:
        raise TextError(
            str(error).replace("end of print statement", "the end"), error.line
        ) from None


def _compiled(
    shown: str, source: str, native: Callable[[nodes.Template], nodes.Output | None]
) -> Text:
    if len(source) > MAX_SOURCE:
        raise TextError(f"a template has up to {MAX_SOURCE:,} characters")
    try:
        sandbox = _sandbox()
        tree = sandbox.parse(source)
        restrict(tree, sandbox)
        output, parts = native(tree), parts_of(tree)
        meter(tree)
        if output is not None:
            output.nodes = [nodes.Filter(output.nodes[0], NATIVE, [], [], None, None, lineno=1)]
        return Text(shown, tree, parts, native=output is not None)
    except TemplateSyntaxError as error:
        raise TextError(error.message or "it is not a template", error.lineno) from None
    except (RecursionError, MemoryError, SyntaxError):
        raise TextError("it is nested too deeply") from None


def _path(parts: Sequence[Part] | None) -> tuple[str, ...] | None:
    """The names of a text that only names one value."""
    match parts:
        case [tuple() as path]:
            return path
    return None


def _only_expression(tree: nodes.Template) -> nodes.Output | None:
    """The output of a text that is exactly one expression."""
    match tree.body:
        case [nodes.Output(nodes=[each]) as output] if not isinstance(each, nodes.TemplateData):
            return output
    return None


def _one_expression(tree: nodes.Template) -> nodes.Output:
    output = _only_expression(tree)
    if output is None:
        raise TextError(_BARE)
    return output


def _joined(pieces: Iterable[Any]) -> str:
    parts, total = [], 0
    for piece in pieces:
        text = piece if type(piece) is str else text_of(piece)
        total = checked(total + len(text))
        parts.append(text)
    CURRENT.get().charge(total)
    return "".join(parts)


@cache
def _sandbox() -> Sandbox:
    return Sandbox()
