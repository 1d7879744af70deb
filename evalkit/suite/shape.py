"""Follows the location of a pydantic error through the model and the value it was found in.

Such a location mixes steps into the value with labels of the branches of unions. Walking the types
and the value together tells one from the other, and knows which model was meant at the place.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from evalkit.suite.tree import Where

KEY = "[key]"
"""How pydantic marks that an error is about a key of a mapping."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error is, what stands there, and which models were meant to."""

    where: Where
    value: Any
    models: tuple[type[BaseModel], ...]
    at_key: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are allowed here."""
        return tuple(dict.fromkeys(key for model in self.models for key in _fields(model)))


def find_place(location: Iterable[str | int], model: Any, value: Any) -> Place:
    """The place of an error in the value."""
    where: list[str | int] = []
    kinds = list(_kinds(model))
    at_key = False
    for step in location:
        kinds = [(_meant(kind, value), tag) for kind, tag in kinds]
        if step == KEY:
            at_key = True
        elif chosen := [kind for kind, tag in kinds if tag == step]:
            kinds = [(kind, None) for kind in chosen]
        else:
            further = list(_advance(kinds, step))
            if _has(value, step) and (further or not _is_label(step, kinds)):
                where.append(step)
                value = _item(value, step)
                kinds = further
            else:
                kinds = further or kinds
    meant = ((_meant(kind, value), tag) for kind, tag in kinds)
    return Place(tuple(where), value, tuple(_models(meant)), at_key)


def owner_of(location: Sequence[str | int], model: Any, value: Any) -> Place:
    """The place of the mapping that an error about one of its keys belongs to."""
    return find_place(location[:-1], model, value)


_Kind = tuple[Any, str | None]


def _kinds(annotation: Any, tag: str | None = None) -> Iterator[_Kind]:
    """The types that an annotation stands for, each with the tag that chooses it."""
    if hasattr(annotation, "__value__"):
        yield from _kinds(annotation.__value__, tag)
    elif get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        named = next((each.tag for each in extras if isinstance(each, Tag)), tag)
        yield from _kinds(inner, named)
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _kinds(each, tag)
    else:
        yield annotation, tag


def _meant(kind: Any, value: Any) -> Any:
    """The type that a value chooses by itself, where there is a choice: that of a fault."""
    chooses = getattr(kind, "meant_by", None)
    return kind if chooses is None else chooses(value)


def _advance(kinds: Iterable[_Kind], step: str | int) -> Iterator[_Kind]:
    """The types one step further in."""
    for kind, _ in kinds:
        arguments = get_args(kind)
        if _is_model(kind):
            if (found := _fields(kind).get(str(step))) is not None:
                yield from _kinds(found)
        elif arguments and _is(kind, Mapping):
            yield from _kinds(arguments[1])
        elif arguments and isinstance(step, int) and _is(kind, Sequence):
            yield from _kinds(arguments[0])


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models(kinds: Iterable[_Kind]) -> Iterator[type[BaseModel]]:
    return (kind for kind, _ in kinds if _is_model(kind))


def _is_label(step: str | int, kinds: Iterable[_Kind]) -> bool:
    """Whether a step that leads nowhere in the types may be the name of one of them."""
    names = {getattr(kind, "__name__", str(kind)) for kind, _ in kinds}
    return step in names


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is(kind: Any, base: type) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, base)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)


def _item(value: Any, step: Any) -> Any:
    return value[step]
