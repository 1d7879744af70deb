"""Frozen dataclasses that are made as fast as open ones.

`dataclass(frozen=True)` makes an instance through one call of `object.__setattr__` for each field,
which takes three times as long as assigning them: with two dozen fields, and a dozen such instances
for every call on the wire, a good part of what the world itself costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar, cast

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """Give a frozen dataclass with slots and no `__post_init__` a quick `__init__`.

    The instance is of an open subclass while its fields are assigned, and of its own class from
    then on: the two share one layout, so that Python lets them be exchanged.
    """
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} has a __post_init__, which would not be called")
    opened = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    known: dict[str, Any] = {
        "set_attribute": object.__setattr__,
        "opened": type(f"_Open{kind.__name__}", (kind,), {"__slots__": (), **opened}),
        "missing": MISSING,
    }
    given = [each for each in fields(cast("Any", kind)) if each.init]
    exec(_source(given, known), known)
    made = known["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    kind.__init__ = made  # type: ignore[method-assign]
    return kind


def _source(given: list[Field[Any]], known: dict[str, Any]) -> str:
    """The text of the `__init__`; what it refers to is added to `known`."""
    parameters, body = ["self"], []
    for each in sorted(given, key=lambda each: bool(each.kw_only)):
        if each.kw_only and "*" not in parameters:
            parameters.append("*")
        parameter, value = _parameter(each, known)
        parameters.append(parameter)
        body.append(f"    self.{each.name} = {value}")
    lines = [
        f"def __init__({', '.join(parameters)}):",
        "    own = self.__class__",
        "    set_attribute(self, '__class__', opened)",
        *body,
        "    self.__class__ = own",
    ]
    return "\n".join(lines)


def _parameter(field: Field[Any], known: dict[str, Any]) -> tuple[str, str]:
    """A field among the parameters, and what is assigned to it."""
    name = field.name
    if field.default_factory is not MISSING:
        known[f"make_{name}"] = field.default_factory
        return f"{name}=missing", f"make_{name}() if {name} is missing else {name}"
    if field.default is not MISSING:
        known[f"default_{name}"] = field.default
        return f"{name}=default_{name}", name
    return name, name


def replaced(instance: T, **changes: object) -> T:
    """`dataclasses.replace` for an instance of a `quick` class, many times as fast."""
    kind = type(instance)
    if (values := _VALUES.get(kind)) is None:
        names = [each.name for each in fields(cast("Any", kind)) if each.init]
        held = ", ".join(f"{name!r}: self.{name}" for name in names)
        _VALUES[kind] = values = eval(f"lambda self: {{{held}}}")
    return kind(**{**values(instance), **changes})


_VALUES: dict[type[Any], Callable[[Any], dict[str, Any]]] = {}
