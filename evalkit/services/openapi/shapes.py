"""What a value must look like: a form with all that applies to it put together.

A form says what holds in several places: references, `allOf`, and the branch of `oneOf` or `anyOf`
that is chosen. A shape has it in one place, as far as it helps to make a value. The validator has
the last word, so what is left out here (`not`, `if`, `unevaluatedProperties`) may be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, TypeAlias

from evalkit.services.openapi.discriminators import CHOICES, told_apart
from evalkit.services.openapi.schemas import Form, Schemas

Choose: TypeAlias = Callable[[str, Sequence[Form]], Form]
"""Chooses a branch of `oneOf` or `anyOf`."""

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


@dataclass(slots=True)
class Shape:
    """All that applies to one value. `names` is None where any property may be there."""

    types: list[str] | None = None
    values: list[Any] | None = None
    limits: dict[str, Any] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    properties: dict[str, list[Form]] = field(default_factory=dict)
    names: set[str] | None = None
    additional: list[Form] = field(default_factory=list)
    items: list[Form] = field(default_factory=list)
    prefix: list[list[Form]] = field(default_factory=list)
    examples: list[Any] = field(default_factory=list)
    depends: dict[str, list[str]] = field(default_factory=dict)
    unique: bool = False

    def limit(self, name: str) -> Any:
        """A limit, or None."""
        return self.limits.get(name)


def shape_of(schemas: Schemas, form: Form, choose: Choose) -> Shape:
    """The shape of a form."""
    shape = Shape()
    _add(shape, schemas, form, choose)
    return shape


def _add(shape: Shape, schemas: Schemas, form: Form, choose: Choose) -> None:
    _add_values(shape, form)
    _add_limits(shape, form)
    _add_object(shape, form)
    _add_list(shape, form)
    if "$ref" in form:
        _add(shape, schemas, schemas.form(form["$ref"]), choose)
    for each in form.get("allOf", ()):
        _add(shape, schemas, each, choose)
    for name in CHOICES:
        if name in form:
            _add(shape, schemas, choose(name, told_apart(form, name)), choose)


def _add_values(shape: Shape, form: Form) -> None:
    if "type" in form:
        given = form["type"] if isinstance(form["type"], list) else [form["type"]]
        shape.types = given if shape.types is None else _both(shape.types, given)
    values = [form["const"]] if "const" in form else form.get("enum")
    if values is not None:
        before = shape.values
        shape.values = values if before is None else [each for each in values if each in before]
    shape.examples += form.get("examples", ())
    if "default" in form:
        shape.examples.append(form["default"])


def _both(one: list[str], other: list[str]) -> list[str]:
    """The types that are of both; an integer is a number."""
    kept = [each for each in one if each in other or (each == "integer" and "number" in other)]
    if "number" in one and "integer" in other and "integer" not in kept:
        kept.append("integer")
    return kept


def _add_limits(shape: Shape, form: Form) -> None:
    for name in _LOWER:
        if name in form:
            shape.limits[name] = max(form[name], shape.limits.get(name, form[name]))
    for name in _UPPER:
        if name in form:
            shape.limits[name] = min(form[name], shape.limits.get(name, form[name]))
    if "multipleOf" in form:
        step = Fraction(str(form["multipleOf"]))
        before = shape.limits.get("multipleOf")
        shape.limits["multipleOf"] = step if before is None else _common(step, before)
    if "format" in form:
        shape.formats.append(form["format"])
    if "pattern" in form:
        shape.patterns.append(form["pattern"])


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least common multiple."""
    top = one.numerator * other.numerator // gcd(one.numerator, other.numerator)
    return Fraction(top, gcd(one.denominator, other.denominator))


def _add_object(shape: Shape, form: Form) -> None:
    for name, each in form.get("properties", {}).items():
        shape.properties.setdefault(name, []).append(each)
    shape.required += [each for each in form.get("required", ()) if each not in shape.required]
    for name, others in form.get("dependentRequired", {}).items():
        shape.depends.setdefault(name, []).extend(others)
    additional = form.get("additionalProperties")
    if additional == {"not": {}} and "patternProperties" not in form:
        own = set(form.get("properties", ()))
        shape.names = own if shape.names is None else shape.names & own
    elif additional is not None:
        shape.additional.append(additional)


def _add_list(shape: Shape, form: Form) -> None:
    if "items" in form:
        shape.items.append(form["items"])
    for place, each in enumerate(form.get("prefixItems", ())):
        if place == len(shape.prefix):
            shape.prefix.append([])
        shape.prefix[place].append(each)
    shape.unique = shape.unique or form.get("uniqueItems", False)


def together(forms: Sequence[Form]) -> Form:
    """The form of a value that several forms apply to."""
    return forms[0] if len(forms) == 1 else {"allOf": list(forms)} if forms else {}
