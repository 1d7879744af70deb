"""OpenAPI's `discriminator`: the property that tells which branch a value is of.

It is no keyword of JSON Schema. A form keeps, beside its `oneOf` or `anyOf`, which value stands for
which branch: those of `mapping`, and the names of schemas that no mapping leads to. A value is then
checked against its own branch and no other, so that a breach is about what was meant.

For a discriminator without `oneOf` or `anyOf` see `evalkit.services.openapi.bases`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalkit.services.openapi.document import Node
from evalkit.suite.problems import closest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

CHOICES = ("oneOf", "anyOf")
"""The keywords whose branches it can tell apart."""

_COMPONENTS = "#/components/schemas/"


def read_discriminator(
    node: Node, resolved: Callable[[Node], Node | None], refuse: Callable[[Node, str, str], None]
) -> dict[str, Any] | None:
    """What the discriminator of a schema says: the property, and the branch of each of its values.

    None where there is none, or where a branch has no name that it could be told by.
    """
    given, keyword = node.value.get("discriminator"), _choice(node)
    if given is None or keyword is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("propertyName"), str):
        refuse(node, "a discriminator has a `propertyName`", "discriminator")
        return None
    branches = node.value[keyword]
    written = [each.get("$ref") if isinstance(each, dict) else None for each in branches]
    references = [each for each in written if isinstance(each, str)]
    if len(references) < len(branches):
        return None
    places = {_key(node, each, resolved): index for index, each in enumerate(references)}
    values: dict[str, int] = {}
    for value, target in mapping_of(given):
        place = places.get(_key(node, address_of(target), resolved))
        if place is None:
            names = [each.rpartition("/")[2] for each in references]
            near = closest(target.rpartition("/")[2], names)
            hint = f"; did you mean {near}?" if near else f"; they are {', '.join(names)}"
            message = f"`{value}` leads to none of the schemas of `{keyword}`{hint}"
            refuse(node, message, "discriminator")
            return None
        values[value] = place
    for index, each in enumerate(references):
        if index not in values.values():
            values.setdefault(each.rpartition("/")[2], index)
    return {"propertyName": given["propertyName"], "branches": values}


def _choice(node: Node) -> str | None:
    """The keyword that holds the branches."""
    found = (name for name in CHOICES if isinstance(node.value.get(name), list))
    return next((name for name in found if node.value[name]), None)


def mapping_of(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values of a discriminator's mapping, each with where it leads."""
    mapping = given.get("mapping")
    for value, target in mapping.items() if isinstance(mapping, dict) else ():
        if isinstance(target, str):
            yield str(value), target


def address_of(target: str) -> str:
    """A mapping leads to a schema by its name or by its address."""
    return target if set("#/.") & set(target) else f"{_COMPONENTS}{target}"


def _key(node: Node, reference: str, resolved: Callable[[Node], Node | None]) -> Any:
    found = resolved(Node(node.document, node.where, {"$ref": reference}))
    return None if found is None else found.key


def is_told(key: str, value: Any) -> bool:
    """Whether an entry of a form is what is kept here, which nobody else knows."""
    return key == "discriminator" and isinstance(value, dict) and "branches" in value


def chosen(form: Mapping[str, Any], value: Any) -> int | None:
    """The branch that a value says it is of; None where it says none."""
    told = form.get("discriminator")
    if told is None or not isinstance(value, dict):
        return None
    named = value.get(told["propertyName"])
    return told["branches"].get(named) if isinstance(named, str) else None


def by_discriminator(usual: Any) -> Any:
    """A validator of `oneOf` or `anyOf` that goes by the discriminator where there is one."""

    def validate(
        validator: Any, branches: Any, value: Any, schema: Any
    ) -> Iterator[ValidationError]:
        told = schema.get("discriminator")
        if told is None or not isinstance(value, dict):
            yield from usual(validator, branches, value, schema)
            return
        index = chosen(schema, value)
        if index is None:
            yield _untold(value, told, schema)
        else:
            yield from validator.descend(value, branches[index], schema_path=index)

    return validate


def _untold(value: dict[str, Any], told: Mapping[str, Any], schema: Any) -> ValidationError:
    from jsonschema.exceptions import ValidationError

    name = told["propertyName"]
    missing = name not in value
    return ValidationError(
        f"{name!r} is a required property",
        validator="required" if missing else "discriminator",
        validator_value=[name] if missing else [*told["branches"]],
        instance=value if missing else value[name],
        schema=schema,
        path=() if missing else (name,),
    )


def told_apart(form: Mapping[str, Any], keyword: str) -> list[dict[str, Any]]:
    """The branches of a form, each with the values of the property that stand for it. A base is
    none where others are made of it.
    """
    branches = form[keyword]
    told = form.get("discriminator")
    if told is None:
        return list(branches)
    made = []
    for index, branch in enumerate(branches):
        if index == told.get("base") and len(branches) > 1:
            continue
        names = [name for name, place in told["branches"].items() if place == index]
        property_ = {told["propertyName"]: {"type": "string", "enum": names}}
        made.append(
            {"allOf": [branch], "properties": property_, "required": [told["propertyName"]]}
        )
    return made
