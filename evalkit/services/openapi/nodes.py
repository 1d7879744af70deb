"""Walks a document's mappings and lists, and keeps what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.services.openapi.document import Library, Node, Unresolved
from evalkit.suite.problems import Problem


class Nodes:
    """Gives the parts of nodes, with references followed; mistakes are left in `problems`."""

    def __init__(self, library: Library, problems: list[Problem]) -> None:
        self._library = library
        self.problems = problems

    @classmethod
    def silent(cls) -> Nodes:
        """One for what was read before: its mistakes are known."""
        return cls(Library(Path()), [])

    def refuse(self, node: Node, message: str, *, at_key: bool = False) -> None:
        """Keep a mistake at this place."""
        self.problems.append(node.problem(message, at_key=at_key))

    def resolved(self, node: Node) -> Node | None:
        """What a node is or refers to."""
        try:
            return self._library.resolved(node)
        except Unresolved as error:
            self.refuse(node, str(error))
        except SuiteError as error:
            self.problems += error.problems
        return None

    def mapping(self, node: Node) -> Node | None:
        """What a node is or refers to, if that is a mapping."""
        found = self.resolved(node)
        if found is not None and not isinstance(found.value, dict):
            self.refuse(found, "this is a mapping")
            return None
        return found

    def items(self, node: Node, name: str) -> Iterator[tuple[str, Node]]:
        """The names and nodes of a mapping under a name; none where it is not there."""
        value = node.value.get(name)
        if value is None:
            return
        if not isinstance(value, dict):
            self.refuse(node.at(name), f"`{name}` is a mapping")
            return
        for key in value:
            yield key, node.at(name, key)

    def list(self, node: Node, name: str) -> Iterator[Node]:
        """The nodes of a list under a name; none where it is not there."""
        value = node.value.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.refuse(node.at(name), f"`{name}` is a list")
            return
        for place in range(len(value)):
            yield node.at(name, place)
