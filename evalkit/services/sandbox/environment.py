"""The environment that templates are compiled and rendered in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from evalkit.services.sandbox.filters import FILTERS, TESTS, join
from evalkit.services.sandbox.meter import CURRENT, TooMuchError, weigh
from evalkit.services.sandbox.operators import OPERATORS
from evalkit.services.sandbox.syntax import EACH, JOINED, NATIVE, WEIGHED

_MAX_RANGE = 10_000
_TEXT = """
    capitalize count endswith find isalnum isalpha isdigit isspace lower lstrip partition
    removeprefix removesuffix rfind rpartition rsplit rstrip split splitlines startswith strip
    swapcase title upper
"""
_TEXT_METHODS = frozenset(_TEXT.split())
_MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
_LIST_METHODS = frozenset({"count", "index"})
_CLOSED = (type, int, float, bytes, range, FunctionType, MethodType, BuiltinMethodType)


class Missing(StrictUndefined):
    """What a template asked for and did not find. To use it is an error that says what there is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name = self._undefined_name
        if self._undefined_obj is missing:
            return f"there is no variable `{name}`; {_there_is(name, CURRENT.get().variables)}"
        if isinstance(self._undefined_obj, Mapping):
            return f"there is no `{name}` here; {_there_is(name, self._undefined_obj)}"
        kind = type(self._undefined_obj).__name__
        return f"there is no `{name}` in a value of type {kind}"


def _there_is(name: object, found: Mapping[str, Any]) -> str:
    names = sorted(map(str, found))
    if not names:
        return "nothing is here"
    shown = ", ".join(f"`{each}`" for each in names[:20]) + (", …" if len(names) > 20 else "")
    close = get_close_matches(str(name), names, n=1)
    return f"there is {shown}" + (f". Did you mean `{close[0]}`?" if close else "")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2 with native values, strict names, whitelisted methods and metered work.

    `body.items` is the field `items` of a JSON body where it has one, the method only where not.
    """

    code_generator_class = NativeCodeGenerator
    intercepted_binops = frozenset(OPERATORS)

    def __init__(self) -> None:
        super().__init__(undefined=Missing, keep_trailing_newline=True, optimized=False)
        self.filters = {**FILTERS, EACH: _each, WEIGHED: _weighed, JOINED: _joined, NATIVE: _native}
        self.tests = dict(TESTS)
        self.globals = {"range": _range, "dict": _dict}
        self.binop_table.update(OPERATORS)

    def context(self, variables: Mapping[str, Any]) -> Context:
        """What a compiled text resolves its names in."""
        return Context(self, {**self.globals, **variables}, None, {})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a mapping, else a method or attribute that is allowed."""
        if type(obj) is dict or isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                if attribute not in _MAPPING_METHODS:
                    return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item of a list or a mapping."""
        CURRENT.get().step()
        if isinstance(obj, Mapping):
            try:
                return obj[argument]
            except (KeyError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may touch the attribute: few methods of values, none of types."""
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        if isinstance(obj, Mapping):
            return attr in _MAPPING_METHODS
        if isinstance(obj, list | tuple):
            return attr in _LIST_METHODS
        if isinstance(obj, _CLOSED):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Leave `str.format` to `is_safe_attribute`, which refuses it."""

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """What stands for an attribute that a template may not touch."""
        kind = type(obj).__name__
        return self.undefined(f"templates have no `{attribute}` of a {kind}", name=attribute)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function or method, charged for what it is given and gives."""
        meter = CURRENT.get()
        meter.value(args)
        meter.value(kwargs)
        result = super().call(context, function, *args, **kwargs)
        meter.charge(weigh(result))
        return result

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator that is bounded."""
        del context
        return OPERATORS[operator](left, right)


def _each(values: Iterable[Any]) -> Iterator[Any]:
    meter = CURRENT.get()
    for value in values:
        meter.step()
        yield value


def _weighed(value: Any) -> Any:
    CURRENT.get().value(value)
    return value


@pass_context
def _native(_: Context, value: Any) -> Any:
    """Keep Jinja from folding a constant into text: it leaves alone what takes the context."""
    return value


def _joined(values: Iterable[Any]) -> str:
    return join(values)


def _range(*args: int) -> range:
    values = range(*args)
    if len(values) > _MAX_RANGE:
        raise TooMuchError(f"a range has up to {_MAX_RANGE:,} numbers")
    return values


def _dict(**values: Any) -> dict[str, Any]:
    return values
