"""The schemas of a contract, brought into one form: JSON Schema 2020-12.

References become addresses in a table, each schema of which is read once for requests (where what
is `readOnly` is not required) and once for replies (where `writeOnly` is not). Each form knows the
place it comes from, so that a breach can name it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evalkit.errors import SuiteError
from evalkit.services.openapi.bases import Derived, extends, is_base, read_base
from evalkit.services.openapi.cycles import endless
from evalkit.services.openapi.discriminators import read_discriminator
from evalkit.services.openapi.document import Library, Node, Unresolved
from evalkit.services.openapi.keywords import (
    IN_PLACE,
    LISTS,
    MAPS,
    PLAIN,
    SCHEMAS,
    TYPES,
    readable,
)
from evalkit.suite.problems import Problem, closest

Sense: TypeAlias = Literal["request", "reply"]
Form: TypeAlias = dict[str, Any]

ADDRESS = "schema:"
"""What the address of a form in the table begins with."""

_LEFT_OUT = {"request": "readOnly", "reply": "writeOnly"}


class Schemas:
    """All schemas that were asked for, and those that they refer to."""

    def __init__(self, library: Library, *, old: bool) -> None:
        """`old` means OpenAPI 3.0, whose schemas are not quite JSON Schema."""
        self.problems: list[Problem] = []
        self._library = library
        self._old = old
        self._entries: list[_Entry] = []
        self._numbers: dict[tuple[Any, Sense, bool], int] = {}
        self._derived = Derived(self._resolved_quietly)
        self._places: dict[int, Node] = {}
        self._unread: deque[_Entry] = deque()

    def address(self, node: Node, sense: Sense) -> str:
        """The address of the form of a schema. Mistakes are left in `problems`."""
        address = self._address(node, sense)
        while self._unread:
            entry = self._unread.popleft()
            entry.form.update(self._read(entry, entry.node, entry.sense, in_place=True))
            self._places[id(entry.form)] = entry.node
        return address

    def form(self, address: str) -> Form:
        """The form at an address."""
        return self._entries[int(address.removeprefix(ADDRESS))].form

    def resolved(self, form: Form) -> Form:
        """The form, or what it refers to where it is a reference and nothing else."""
        for _ in self._entries:
            if set(form) != {"$ref"}:
                break
            form = self.form(form["$ref"])
        return form

    def place(self, form: Form) -> Node | None:
        """Where a form comes from."""
        return self._places.get(id(form))

    def check_cycles(self) -> None:
        """Find schemas that are about themselves without end: no value could be checked."""
        for number in endless([each.in_place for each in self._entries]):
            node = self._entries[number].node
            self.problems.append(node.problem("this schema applies to itself without end"))

    # Reading -----------------------------------------------------------------------------------

    def _address(self, node: Node, sense: Sense, *, alone: bool = False) -> str:
        """The address of a schema; with `alone` a base is read without those made of it."""
        key = node.key, sense, alone and is_base(node.value)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._entries)
            entry = _Entry(node, sense, alone=key[2])
            self._entries.append(entry)
            self._unread.append(entry)
        return f"{ADDRESS}{number}"

    def _read(
        self, entry: _Entry, node: Node, sense: Sense, *, in_place: bool, extending: bool = False
    ) -> Form:
        """The form of the schema at a node; of what is none, one that takes everything. One that
        is `extending` another refers to it as to a part of itself.
        """
        if node.value is False:
            return self._placed({"not": {}}, node)
        if node.value is True:
            return self._placed({}, node)
        if not isinstance(node.value, dict):
            self._refuse(node, "a schema is a mapping")
            return self._placed({}, node)
        form = self._placed({}, node)
        if isinstance(node.value.get("$ref"), str):
            self._refer(entry, form, node, sense, in_place=in_place, alone=extending)
            if self._old:
                return form
        elif "$ref" in node.value:
            self._refuse(node, "`$ref` is a text")
        for name, value in node.value.items():
            if name in PLAIN:
                self._plain(form, node, name, value)
            elif name in SCHEMAS or name in LISTS or name in MAPS:
                self._nested(entry, form, node, name, sense, in_place=in_place, extending=extending)
        self._type(form, node)
        self._finish(form, node, sense)
        self._kinds(entry, form, node, sense, in_place=in_place)
        return form

    def _kinds(
        self, entry: _Entry, form: Form, node: Node, sense: Sense, *, in_place: bool
    ) -> None:
        """A base is one of the schemas that are made of it, as the discriminator tells."""
        if not is_base(node.value) or (entry.alone and node.key == entry.node.key):
            return
        kinds = read_base(node, self._derived.of(node), self._resolved_quietly, self._refuse)
        if kinds is None:
            return
        form["discriminator"], form["oneOf"] = kinds.told, []
        for each in kinds.nodes:
            address = self._address(each, sense, alone=each.key == node.key)
            form["oneOf"].append(self._placed({"$ref": address}, each))
            if in_place:
                entry.in_place.add(int(address.removeprefix(ADDRESS)))

    def _placed(self, form: Form, node: Node) -> Form:
        self._places[id(form)] = node
        return form

    def _refer(
        self,
        entry: _Entry,
        form: Form,
        node: Node,
        sense: Sense,
        *,
        in_place: bool,
        alone: bool,
    ) -> None:
        target = self._resolved(Node(node.document, node.where, {"$ref": node.value["$ref"]}))
        if target is None:
            return
        form["$ref"] = address = self._address(target, sense, alone=alone)
        if in_place:
            entry.in_place.add(int(address.removeprefix(ADDRESS)))

    def _resolved(self, node: Node) -> Node | None:
        try:
            return self._library.resolved(node)
        except Unresolved as error:
            self.problems.append(node.problem(str(error)))
        except SuiteError as error:
            self.problems += error.problems
        return None

    def _plain(self, form: Form, node: Node, name: str, value: Any) -> None:
        if self._old and (name == "const" or (isinstance(value, bool) and "exclusive" in name)):
            return  # OpenAPI 3.0 has no `const`; for the other see `_finish`
        fits, wanted = PLAIN[name]
        if not fits(value):
            self._refuse(node, f"`{name}` is {wanted}", name)
        elif name != "pattern":
            form[name] = value
        elif (pattern := readable(value)) is not None:
            form[name] = pattern

    def _nested(
        self,
        entry: _Entry,
        form: Form,
        node: Node,
        name: str,
        sense: Sense,
        *,
        in_place: bool,
        extending: bool,
    ) -> None:
        value, inner = node.value[name], in_place and name in IN_PLACE
        if name in SCHEMAS:
            form[name] = self._read(entry, node.at(name), sense, in_place=inner)
        elif name in LISTS:
            if not isinstance(value, list) or not value:
                self._refuse(node, f"`{name}` is a list of schemas, at least one", name)
                return
            places = [node.at(name, index) for index in range(len(value))]
            inherited = name == "allOf" and (extending or extends(node))
            form[name] = [
                self._read(entry, each, sense, in_place=inner, extending=inherited)
                for each in places
            ]
        elif not isinstance(value, dict):
            self._refuse(node, f"`{name}` is a mapping of schemas", name)
        else:
            form[name] = {
                readable(key) if name == "patternProperties" else key: self._read(
                    entry, node.at(name, key), sense, in_place=inner
                )
                for key in value
                if name != "patternProperties" or readable(key) is not None
            }

    def _type(self, form: Form, node: Node) -> None:
        if "type" not in node.value:
            return
        given = node.value["type"]
        types = given if isinstance(given, list) and not self._old else [given]
        wrong = [each for each in types if each not in TYPES[: 6 if self._old else 7]]
        if wrong or not types:
            word = str(wrong[0])[:50] if wrong else ""
            near = closest(word, TYPES)
            hint = f"; did you mean {near}?" if near else f"; allowed: {', '.join(TYPES)}"
            self._refuse(node, f"there is no type `{word}`{hint}", "type")
            return
        form["type"] = types[0] if len(types) == 1 else types
        if self._old and node.value.get("nullable") is True:
            form["type"] = [*types, "null"]

    def _finish(self, form: Form, node: Node, sense: Sense) -> None:
        if self._old:
            for exclusive, plain in (
                ("exclusiveMinimum", "minimum"),
                ("exclusiveMaximum", "maximum"),
            ):
                if node.value.get(exclusive) is True and plain in form:
                    form[exclusive] = form.pop(plain)
        examples = node.value.get("examples")
        if isinstance(examples, list) and not self._old:
            form["examples"] = examples
        elif "example" in node.value:
            form["examples"] = [node.value["example"]]
        told = read_discriminator(node, self._resolved_quietly, self._refuse)
        if told is not None:
            form["discriminator"] = told
        if "required" in form:
            left_out = self._left_out(node, sense)
            form["required"] = [each for each in form["required"] if each not in left_out]

    def _left_out(self, node: Node, sense: Sense) -> set[str]:
        """The names of properties that have no place in a request, or in a reply."""
        properties = node.value.get("properties")
        found = set()
        for name, value in properties.items() if isinstance(properties, dict) else ():
            target: Any = value
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                resolved = self._resolved_quietly(node.at("properties", name))
                target = None if resolved is None else resolved.value
            if isinstance(target, dict) and target.get(_LEFT_OUT[sense]) is True:
                found.add(name)
        return found

    def _resolved_quietly(self, node: Node) -> Node | None:
        try:
            return self._library.resolved(node)
        except (Unresolved, SuiteError):
            return None  # told where the property itself is read

    def _refuse(self, node: Node, message: str, key: str | None = None) -> None:
        place = node if key is None else node.at(key)
        self.problems.append(place.problem(message))


@dataclass(slots=True)
class _Entry:
    """One form of the table. `in_place` are those that it applies to the same value; `alone` is a
    base without those that are made of it.
    """

    node: Node
    sense: Sense
    alone: bool = False
    form: Form = field(default_factory=dict)
    in_place: set[int] = field(default_factory=set)
