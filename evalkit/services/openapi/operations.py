"""Reads one operation of a contract: parameters, body, responses, security."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from evalkit.services.openapi.contract import (
    Body,
    Media,
    Operation,
    Parameter,
    Place,
    Response,
    Scheme,
)
from evalkit.services.openapi.document import Node
from evalkit.services.openapi.nodes import Nodes
from evalkit.services.openapi.paths import PathPattern
from evalkit.services.openapi.schemas import Schemas, Sense
from evalkit.services.openapi.security import needed_by

_PLACES = get_args(Place)
_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_IGNORED = ("accept", "content-type", "authorization")
"""Header parameters of these names mean nothing: OpenAPI describes them elsewhere."""


class OperationReader:
    """Reads the operations of one document."""

    def __init__(
        self, root: Node, nodes: Nodes, schemas: Schemas, schemes: Mapping[str, Scheme]
    ) -> None:
        self._nodes = nodes
        self._schemas = schemas
        self._schemes = schemes
        self._security = needed_by(root, nodes, schemes)

    def read(
        self, pattern: PathPattern, bases: tuple[str, ...], item: Node, node: Node
    ) -> Operation:
        """The operation at a node of a path item."""
        own_id = node.value.get("operationId")
        security = self._security
        if "security" in node.value:
            security = needed_by(node, self._nodes, self._schemes)
        return Operation(
            id=own_id if isinstance(own_id, str) else None,
            pattern=pattern,
            bases=bases,
            parameters=self._parameters(pattern, item, node),
            body=self._body(node),
            responses=dict(self._responses(node)),
            security=security,
            node=node,
        )

    def _parameters(self, pattern: PathPattern, item: Node, node: Node) -> tuple[Parameter, ...]:
        """The parameters of the path, replaced by those of the operation where names are equal."""
        found: dict[tuple[str, str], Parameter] = {}
        for holder in (item, node):
            for each in self._nodes.list(holder, "parameters"):
                entry = self._nodes.mapping(each)
                parameter = None if entry is None else self._parameter(entry)
                if parameter is not None:
                    found[parameter.place, parameter.name] = parameter
        known = {name for names in pattern.names for name in names}
        for (place, name), parameter in list(found.items()):
            if place == "path" and name not in known:
                message = f"`{name}` is no parameter of the path {pattern.path}"
                self._nodes.refuse(parameter.node, message)
            if place == "header" and name.lower() in _IGNORED:
                del found[place, name]
        return tuple(found.values())

    def _parameter(self, node: Node) -> Parameter | None:
        name, place = node.value.get("name"), node.value.get("in")
        if not isinstance(name, str) or place not in _PLACES:
            self._nodes.refuse(node, f"a parameter has a `name`, and `in`: {', '.join(_PLACES)}")
            return None
        return self._described(node, name, place, "request")

    def _described(self, node: Node, name: str, place: Place, sense: Sense) -> Parameter:
        style = node.value.get("style", _STYLES[place])
        media = next(iter(self._media(node, sense)), None)
        return Parameter(
            name=name,
            place=place,
            required=node.value.get("required") is True or place == "path",
            style=style if isinstance(style, str) else _STYLES[place],
            explode=node.value.get("explode", style == "form") is True,
            node=node,
            address=self._schema(node, sense) if media is None else media.address,
            media=media,
        )

    def _schema(self, node: Node, sense: Sense) -> str | None:
        if "schema" not in node.value:
            return None
        return self._schemas.address(node.at("schema"), sense)

    def _body(self, node: Node) -> Body | None:
        if "requestBody" not in node.value:
            return None
        entry = self._nodes.mapping(node.at("requestBody"))
        if entry is None:
            return None
        required = entry.value.get("required") is True
        return Body(required=required, media=tuple(self._media(entry, "request")), node=entry)

    def _media(self, node: Node, sense: Sense) -> Iterator[Media]:
        for kind, each in self._nodes.items(node, "content"):
            entry = self._nodes.mapping(each)
            if entry is not None:
                yield Media(
                    kind=kind.lower(),
                    node=entry,
                    address=self._schema(entry, sense),
                    examples=tuple(self._examples(entry)),
                )

    def _examples(self, node: Node) -> Iterator[tuple[str, Any]]:
        if "example" in node.value:
            yield "example", node.value["example"]
        for name, each in self._nodes.items(node, "examples"):
            entry = self._nodes.mapping(each)
            if entry is not None and "value" in entry.value:
                yield name, entry.value["value"]

    def _responses(self, node: Node) -> Iterator[tuple[str, Response]]:
        for status, each in self._nodes.items(node, "responses"):
            if status.startswith("x-"):
                continue
            if not _is_status(status):
                self._nodes.refuse(each, "a status is like 200, 4XX or default", at_key=True)
                continue
            entry = self._nodes.mapping(each)
            if entry is not None:
                yield status, self._response(status, entry)

    def _response(self, status: str, node: Node) -> Response:
        headers = []
        for name, each in self._nodes.items(node, "headers"):
            entry = self._nodes.mapping(each)
            if entry is not None and name.lower() != "content-type":
                headers.append(self._described(entry, name, "header", "reply"))
        media = tuple(self._media(node, "reply"))
        return Response(status=status, media=media, headers=tuple(headers), node=node)


def _is_status(text: str) -> bool:
    exact = len(text) == 3 and text.isdecimal() and "100" <= text <= "599"
    return exact or text == "default" or (text[:1] in set("12345") and text[1:].upper() == "XX")
