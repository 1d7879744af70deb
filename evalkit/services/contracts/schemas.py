"""What changed between two schemas, and whether it breaks those who send or read such values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from evalkit.services.openapi.discriminators import CHOICES
from evalkit.services.openapi.schemas import Form, Schemas, Sense
from evalkit.services.openapi.shapes import Shape, shape_of, together
from evalkit.services.openapi.wording import shown

Found: TypeAlias = tuple[bool, str, str]
"""Whether it is breaking, where it is, and what it is."""

_MINIMA = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MAXIMA = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_DEEPEST = 60


class SchemaChanges:
    """Compares schemas of two contracts."""

    def __init__(self, old: Schemas, new: Schemas) -> None:
        self._old = old
        self._new = new

    def between(self, old: Form, new: Form, where: str, sense: Sense) -> Iterator[Found]:
        """The changes from one form to the other, for values that are sent, or that are read."""
        try:
            yield from _Walk(self._old, self._new, sense).compare(old, new, where, 0)
        except RecursionError:
            yield True, where, "the schema is nested too deep to be compared"


class _Walk:
    """One comparison. A pair of schemas that was met before is not compared again."""

    def __init__(self, old: Schemas, new: Schemas, sense: Sense) -> None:
        self._old = old
        self._new = new
        self._request = sense == "request"
        self._seen: set[tuple[int, int]] = set()

    def compare(self, old: Form, new: Form, where: str, depth: int) -> Iterator[Found]:
        old, new = self._old.resolved(old), self._new.resolved(new)
        pair = (id(old), id(new))
        if depth > _DEEPEST or pair in self._seen:
            return
        if self._old.place(old) is not None and self._new.place(new) is not None:
            self._seen.add(pair)
        before = shape_of(self._old, old, _no_branch)
        after = shape_of(self._new, new, _no_branch)
        yield from self._types(before, after, where)
        yield from self._values(before, after, where)
        yield from self._limits(before, after, where)
        yield from self._texts(before, after, where)
        yield from self._required(before, after, where)
        yield from self._properties(before, after, where, depth)
        if before.items or after.items:
            inner = together(before.items), together(after.items)
            yield from self.compare(*inner, f"{where}.items", depth + 1)
        yield from self._branches(old, new, where, depth)

    def _narrower(self, where: str, message: str) -> Found:
        """Less is allowed than before: that breaks who sends."""
        return self._request, where, message

    def _wider(self, where: str, message: str) -> Found:
        """More is allowed than before: that breaks who reads."""
        return not self._request, where, message

    def _types(self, old: Shape, new: Shape, where: str) -> Iterator[Found]:
        before, after = _types(old), _types(new)
        if before == after:
            return
        if before is None or after is None:
            word = " or ".join(after or before or ())
            message = (
                f"the type must be {word}" if after else f"the type need not be {word} any more"
            )
            yield (self._narrower if before is None else self._wider)(where, message)
            return
        message = f"the type was {' or '.join(before)}, is {' or '.join(after)}"
        lost, gained = _beyond(before, after), _beyond(after, before)
        if lost and gained:
            yield True, where, message
        elif lost or gained:
            yield (self._narrower if lost else self._wider)(where, message)

    def _values(self, old: Shape, new: Shape, where: str) -> Iterator[Found]:
        if old.values is None or new.values is None:
            if old.values is None and new.values is not None:
                allowed = ", ".join(map(shown, new.values[:20]))
                yield self._narrower(where, f"only some values are allowed now: {allowed}")
            elif old.values is not None:
                yield self._wider(where, "other values than the listed are allowed now")
            return
        before, after = set(map(shown, old.values)), set(map(shown, new.values))
        for value in sorted(before - after):
            yield self._narrower(where, f"the value {value} is gone")
        for value in sorted(after - before):
            yield self._wider(where, f"a new value {value}")

    def _limits(self, old: Shape, new: Shape, where: str) -> Iterator[Found]:
        for name in (*_MINIMA, *_MAXIMA, "multipleOf"):
            before, after = old.limit(name), new.limit(name)
            if before == after:
                continue
            message = f"{name} was {_said(before)}, is {_said(after)}"
            if before is None or after is None:
                yield (self._narrower if before is None else self._wider)(where, message)
            elif name == "multipleOf":
                fits = (after / before).denominator == 1
                yield (self._narrower if fits else self._wider)(where, message)
            else:
                tighter = (after > before) == (name in _MINIMA)
                yield (self._narrower if tighter else self._wider)(where, message)

    def _texts(self, old: Shape, new: Shape, where: str) -> Iterator[Found]:
        pairs = (("format", old.formats, new.formats), ("pattern", old.patterns, new.patterns))
        for name, before, after in pairs:
            for each in after:
                if each not in before:
                    yield self._narrower(where, f"a new {name} {each}")
            for each in before:
                if each not in after:
                    yield self._wider(where, f"the {name} {each} is gone")

    def _required(self, old: Shape, new: Shape, where: str) -> Iterator[Found]:
        for name in new.required:
            if name not in old.required:
                known = name in old.properties
                message = "is now required" if known else "a new required field"
                yield self._narrower(f"{where}.{name}", message)
        for name in old.required:
            if name not in new.required and name in new.properties:
                yield self._wider(f"{where}.{name}", "is no longer required")

    def _properties(self, old: Shape, new: Shape, where: str, depth: int) -> Iterator[Found]:
        for name, forms in old.properties.items():
            inner = f"{where}.{name}"
            if name not in new.properties:
                yield True, inner, "the field is gone"
            else:
                pair = together(forms), together(new.properties[name])
                yield from self.compare(*pair, inner, depth + 1)
        for name in new.properties:
            if name not in old.properties and name not in new.required:
                yield False, f"{where}.{name}", "a new optional field"
        if (old.names is None) != (new.names is None):
            closed = new.names is not None
            message = "other fields are refused now" if closed else "other fields are allowed now"
            yield closed and self._request, where, message
        if old.additional and new.additional:
            pair = together(old.additional), together(new.additional)
            yield from self.compare(*pair, f"{where}.*", depth + 1)

    def _branches(self, old: Form, new: Form, where: str, depth: int) -> Iterator[Found]:
        before, after = old.get("discriminator"), new.get("discriminator")
        if before and after:
            yield from self._kinds(old, new, where, depth)
            return
        for told, gained in ((before, False), (after, True)):
            if told:
                word = "tells values apart " + ("now" if gained else "no more")
                what = f"the field {told['propertyName']} {word}"
                yield (self._narrower if gained else self._wider)(where, what)
        for name in ("oneOf", "anyOf"):
            before, after = old.get(name, []), new.get(name, [])
            if before and after and len(before) == len(after):
                for place, (one, other) in enumerate(zip(before, after, strict=True)):
                    yield from self.compare(one, other, f"{where}.{name}.{place}", depth + 1)
            elif len(before) != len(after):
                count = f"{name} had {len(before)} branches, has {len(after)}"
                more = len(after) > len(before)
                narrower = not more if before and after else bool(after)
                yield (self._narrower if narrower else self._wider)(where, count)

    def _kinds(self, old: Form, new: Form, where: str, depth: int) -> Iterator[Found]:
        """What a discriminator tells: which values there are, and what each of them stands for."""
        before, after = old["discriminator"], new["discriminator"]
        if before["propertyName"] != after["propertyName"]:
            was, now = before["propertyName"], after["propertyName"]
            yield True, where, f"the field that tells values apart was {was}, is {now}"
            return
        field = f"{where}.{before['propertyName']}"
        changed: dict[tuple[int, int], bool] = {}
        for value, index in before["branches"].items():
            if value not in after["branches"]:
                yield self._narrower(field, f"the value {shown(value)} is gone")
                continue
            place = index, after["branches"][value]
            one, other = _branch(old, place[0]), _branch(new, place[1])
            found = list(self.compare(one, other, f"{where}.oneOf.{value}", depth + 1))
            changed[place] = bool(found) or changed.get(place, False)
            names = _name(self._old, one), _name(self._new, other)
            if changed[place] and names[0] != names[1]:
                what = f"the value {shown(value)} stands for {names[1]}, was {names[0]}"
                yield True, field, what
            yield from found
        for value in after["branches"]:
            if value not in before["branches"]:
                yield self._wider(field, f"a new value {shown(value)}")


def _branch(form: Form, index: int) -> Form:
    """A branch of those that a discriminator tells apart."""
    branches: list[Form] = next(form[name] for name in CHOICES if form.get(name))
    return branches[index]


def _name(schemas: Schemas, form: Form) -> str:
    """What the schema of a branch is called."""
    node = schemas.place(schemas.resolved(form))
    return str(node.where[-1]) if node is not None and node.where else "another schema"


def _no_branch(name: str, forms: Sequence[Form]) -> Form:
    """Branches are compared by themselves."""
    del name, forms
    return {}


def _types(shape: Shape) -> tuple[str, ...] | None:
    return None if shape.types is None else tuple(sorted(set(shape.types)))


def _beyond(types: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether some value of these types is of none of the others."""
    taken = {*others, *(["integer"] if "number" in others else [])}
    return not set(types) <= taken


def _said(limit: Any) -> str:
    return "not set" if limit is None else str(limit)
