"""Makes values that fit a schema, the same for the same draw.

A value is made of the schema's shape and then checked. Where it does not fit (a `not`, two branches
of a `oneOf` at once) another is made, the later ones as small as they can be. What cannot be made
is `Unmade`, and its contract should give an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.openapi.checking import Checker
from evalkit.services.openapi.patterns import Unmade
from evalkit.services.openapi.scalars import make_number, make_text, plain_text
from evalkit.services.openapi.schemas import Form, Schemas, Sense
from evalkit.services.openapi.shapes import Shape, shape_of, together

TRIES = 24
"""How many values are made before giving up; the second half are minimal."""

SMALL_FROM = 4
"""From this depth on nothing is made that need not be there."""

DEEPEST = 24
MOST_VALUES = 3_000
MOST_ITEMS = 500
_HIDDEN = {"request": "readOnly", "reply": "writeOnly"}


class Generator:
    """Makes values of the schemas of one contract."""

    def __init__(self, schemas: Schemas, checker: Checker) -> None:
        self._schemas = schemas
        self._checker = checker

    def value(self, address: str, draw: Draw, sense: Sense, *, examples: bool = True) -> Any:
        """A value that fits. With `examples`, those in the schema are used. Raises `Unmade`."""
        reason = "no value was found that fits the schema"
        for number in range(TRIES):
            making = _Making(
                self._schemas,
                self._checker,
                hidden=_HIDDEN[sense],
                examples=examples and number < TRIES // 2,
                small=number >= TRIES // 2,
            )
            try:
                value = making.value({"$ref": address}, draw.at("try", number), 0)
            except Unmade as error:
                reason = str(error)
                continue
            except RecursionError:
                reason = "the schema is nested too deep"
                continue
            if self._checker.fits(address, value):
                return value
        raise Unmade(reason)


@dataclass(slots=True)
class _Making:
    """The making of one value."""

    schemas: Schemas
    checker: Checker
    hidden: str
    examples: bool
    small: bool
    made: int = 0

    def value(self, form: Form, draw: Draw, depth: int) -> Any:
        """A value of a form. Raises `Unmade`."""
        self.made += 1
        if depth > DEEPEST or self.made > MOST_VALUES:
            raise Unmade("the schema asks for values within values without end")
        shape = shape_of(self.schemas, form, _Chooser(draw, self.tight(depth)))
        if shape.values is not None:
            return self._one_of(form, shape.values, draw)
        if self.examples:
            fitting = (each for each in shape.examples if self.checker.fits_form(form, each))
            for example in fitting:
                return example
        return self._of_type(self._type(shape, draw, depth), shape, draw, depth)

    def tight(self, depth: int) -> bool:
        """Whether only what must be there is made."""
        return self.small or depth >= SMALL_FROM or self.made > MOST_VALUES // 2

    def _one_of(self, form: Form, values: Sequence[Any], draw: Draw) -> Any:
        fitting = [each for each in values if self.checker.fits_form(form, each)]
        if not fitting:
            raise Unmade("none of the values of an `enum` fits the rest of its schema")
        real = [each for each in fitting if each is not None] or fitting
        return real[draw.below(len(real), "value")]

    def _type(self, shape: Shape, draw: Draw, depth: int) -> str:
        types = [_implied(shape)] if shape.types is None else shape.types
        if not types:
            raise Unmade("no value is of all the types asked for")
        if "null" in types and len(types) > 1:
            if depth >= SMALL_FROM or draw.unit("null") < 0.1:
                return "null"
            types = [each for each in types if each != "null"]
        return types[draw.below(len(types), "type")]

    def _of_type(self, kind: str, shape: Shape, draw: Draw, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(shape, draw, depth)
            case "array":
                return self._list(shape, draw, depth)
            case "string":
                return make_text(shape, draw)
            case "boolean":
                return draw.unit("boolean") < 0.5
            case "null":
                return None
        return make_number(shape, draw, whole=kind == "integer")

    # Objects -----------------------------------------------------------------------------------

    def _object(self, shape: Shape, draw: Draw, depth: int) -> dict[str, Any]:
        needed = self._needed(shape)
        most = shape.limit("maxProperties")
        made: dict[str, Any] = {}
        for name in [*shape.properties, *(each for each in needed if each not in shape.properties)]:
            inner = draw.at("property", name)
            if name in needed:
                made[name] = self.value(self._property(shape, name), inner, depth + 1)
            elif self._wanted(shape, name, inner, depth):
                room = most is None or len(made) < most - len(needed - set(made))
                if room:
                    self._try(made, name, self._property(shape, name), inner, depth)
        self._fill(made, shape, draw, depth)
        return made

    def _needed(self, shape: Shape) -> set[str]:
        needed, waiting = set(), list(shape.required)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += shape.depends.get(name, ())
        return needed

    def _wanted(self, shape: Shape, name: str, draw: Draw, depth: int) -> bool:
        if self.tight(depth) or (shape.names is not None and name not in shape.names):
            return False
        if name in shape.depends or draw.unit("optional") >= 0.8:
            return False
        return not any(self._hides(form) for form in shape.properties[name])

    def _hides(self, form: Form) -> bool:
        return bool(form.get(self.hidden) or self.schemas.resolved(form).get(self.hidden))

    def _property(self, shape: Shape, name: str) -> Form:
        own = shape.properties.get(name)
        return together(shape.additional if own is None else own)

    def _try(self, made: dict[str, Any], name: str, form: Form, draw: Draw, depth: int) -> None:
        """Add a property that need not be there, if it can be made."""
        try:
            value = self.value(form, draw, depth + 1)
        except Unmade:
            return
        if self.checker.fits_form(form, value):
            made[name] = value

    def _fill(self, made: dict[str, Any], shape: Shape, draw: Draw, depth: int) -> None:
        """Add properties up to the least number of them; to a map, an entry or two."""
        least = shape.limit("minProperties") or 0
        if least > MOST_ITEMS:
            raise Unmade(f"an object of at least {least} properties is too large to make")
        for name, forms in shape.properties.items():
            if len(made) < least and name not in made:
                self._try(made, name, together(forms), draw.at("more", name), depth)
        is_map = bool(shape.additional) and not shape.properties and not self.tight(depth)
        wanted = max(least, 2 if is_map else 0)
        most = shape.limit("maxProperties")
        wanted = wanted if most is None else min(wanted, most)
        if shape.names is not None:
            return
        form = together(shape.additional)
        for number in range(wanted * 2):
            if len(made) >= wanted:
                return
            inner = draw.at("entry", number)
            name = plain_text(inner).split(" ")[0] + ("" if number == 0 else str(number))
            made.setdefault(name, self.value(form, inner, depth + 1))

    # Lists -------------------------------------------------------------------------------------

    def _list(self, shape: Shape, draw: Draw, depth: int) -> list[Any]:
        least, most = shape.limit("minItems") or 0, shape.limit("maxItems")
        if least > MOST_ITEMS:
            raise Unmade(f"a list of at least {least} items is too long to make")
        length = least if self.tight(depth) else max(least, 1 + draw.below(3, "length"))
        length = length if most is None else min(length, most)
        made: list[Any] = []
        for value in self._items(shape, draw, depth, length):
            if not (shape.unique and value in made):
                made.append(value)
            if len(made) == length:
                break
        if len(made) < least:
            raise Unmade("too few different items were found for a list")
        return made

    def _items(self, shape: Shape, draw: Draw, depth: int, length: int) -> Iterator[Any]:
        form = together(shape.items)
        for place in range(length * (10 if shape.unique else 1)):
            own = together([*shape.prefix[place]]) if place < len(shape.prefix) else form
            try:
                yield self.value(own, draw.at("item", place), depth + 1)
            except Unmade:
                if place < (shape.limit("minItems") or 0):
                    raise
                return


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Chooses a branch by the draw; where values should be small, one without inner values."""

    draw: Draw
    small: bool

    def __call__(self, name: str, forms: Sequence[Form]) -> Form:
        if self.small:
            flat = [each for each in forms if not _has_parts(each)]
            forms = flat or forms
        return forms[self.draw.below(len(forms), name)]


def _has_parts(form: Form) -> bool:
    return any(name in form for name in ("$ref", "properties", "items", "allOf", "oneOf", "anyOf"))


def _implied(shape: Shape) -> str:
    """The type of a value whose schema names none."""
    limits = shape.limits
    if shape.properties or shape.required or shape.additional or shape.names is not None:
        return "object"
    if shape.items or shape.prefix or "minItems" in limits:
        return "array"
    if any(name in limits for name in ("minimum", "maximum", "exclusiveMinimum", "multipleOf")):
        return "number"
    return "object" if "minProperties" in limits else "string"
