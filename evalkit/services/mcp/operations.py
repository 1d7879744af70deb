"""Tools made of the operations of an OpenAPI document: what they take, and what a call asks of the
service behind them.

A tool takes the parameters of its operation by their names, and a body of JSON, else of a form, as
`body`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from evalkit.services.bodies import json_bytes, json_text
from evalkit.services.forms import KINDS, form_bytes, kind_of
from evalkit.services.mcp.schemas import Schema
from evalkit.services.openapi.compiled import CompiledOpenApi
from evalkit.services.openapi.contract import Contract, Media, Operation, Parameter
from evalkit.services.openapi.discriminators import is_told
from evalkit.services.openapi.schemas import ADDRESS
from evalkit.wire import Request

BODY = "body"
_CREDENTIAL = "mcp-server"
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTool:
    """One operation as a tool."""

    operation: Operation
    description: str | None
    input: Schema

    def request(self, arguments: Mapping[str, Any], asked: Request) -> Request:
        """What the server asks the API, on behalf of whoever asks the server."""
        operation = self.operation
        path = operation.bases[0] + operation.pattern.path
        query: list[tuple[str, str]] = []
        headers: list[tuple[str, str]] = [("accept", "application/json"), *_credentials(operation)]
        for each in operation.parameters:
            if each.name not in arguments:
                continue
            value = arguments[each.name]
            if each.place == "path":
                path = path.replace(f"{{{each.name}}}", _text(value))
            elif each.place == "query":
                query += _pairs(each, value)
            elif each.place == "header":
                headers.append((each.name.lower(), _text(value)))
        body = b""
        if BODY in arguments:
            body, kind = _written(operation, arguments[BODY])
            headers.append(("content-type", kind))
        method = operation.pattern.method
        return replace(
            asked, method=method, path=path, query=tuple(query), headers=tuple(headers), body=body
        )


def operation_tools(
    compiled: CompiledOpenApi, only: Sequence[str]
) -> Iterator[tuple[str, OperationTool]]:
    """The tools of the operations, by name: the `operationId`, or else method and path."""
    contract = compiled.contract
    for operation in contract.operations:
        name = operation.id or operation.text.lower()
        name = _NO_NAME.sub("_", name).strip("_")[:128]
        if not only or any(fnmatchcase(name, glob) for glob in only):
            yield (
                name,
                OperationTool(
                    operation=operation,
                    description=_description(operation),
                    input=Schema(_input(contract, operation)),
                ),
            )


def _description(operation: Operation) -> str | None:
    said = (operation.node.value.get(key) for key in ("summary", "description"))
    texts = [each.strip() for each in said if isinstance(each, str)]
    return "\n".join(texts) or None


def _input(contract: Contract, operation: Operation) -> dict[str, Any]:
    """The schema of the tool's arguments, with all that it refers to."""
    properties: dict[str, Any] = {}
    required = []
    for each in operation.parameters:
        if each.place == "cookie":
            continue
        properties[each.name] = {"$ref": each.address} if each.address else {}
        if each.required:
            required.append(each.name)
    media = _media(operation)
    if media is not None:
        properties[BODY] = {"$ref": media.address} if media.address else {}
        if operation.body is not None and operation.body.required:
            required.append(BODY)
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return _whole(contract, {**schema, **({"required": required} if required else {})})


def _media(operation: Operation) -> Media | None:
    """What a body is written as: JSON where it may be, else a form."""
    media = () if operation.body is None else operation.body.media
    first = next((each for each in media if each.is_json), None)
    return first or next((each for each in media if kind_of(each.kind) in KINDS), None)


def _written(operation: Operation, value: Any) -> tuple[bytes, str]:
    """The body that holds a value, and its content type."""
    media = _media(operation)
    if media is None or media.is_json or not isinstance(value, dict):
        return json_bytes(value), "application/json"
    return form_bytes(value, kind_of(media.kind))


def _whole(contract: Contract, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every form that it refers to in its `$defs`."""
    defs: dict[str, Any] = {}
    waiting: list[str] = []

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(each) for each in value]
        if not isinstance(value, dict):
            return value
        address = value.get("$ref")
        if isinstance(address, str) and address.startswith(ADDRESS):
            waiting.append(address)
            return {**value, "$ref": f"#/$defs/{address.removeprefix(ADDRESS)}"}
        plain = {key: each for key, each in value.items() if not is_told(key, each)}
        return {key: moved(each) for key, each in plain.items()}

    whole = {key: moved(each) for key, each in schema.items()}
    while waiting:
        address = waiting.pop()
        name = address.removeprefix(ADDRESS)
        if name not in defs:
            defs[name] = None  # before what it refers to, for that may be itself
            defs[name] = moved(contract.schemas.form(address))
    return {**whole, "$defs": defs} if defs else whole


def _credentials(operation: Operation) -> Iterator[tuple[str, str]]:
    """What the server shows the API of itself, where that asks for it in a header."""
    for scheme in operation.security[0] if operation.security else ():
        if scheme.place == "header":
            yield scheme.name.lower(), f"{scheme.prefix.capitalize()} {_CREDENTIAL}".strip()


def _pairs(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    name = parameter.name
    if isinstance(value, dict) and parameter.style == "deepObject":
        return [(f"{name}[{key}]", _text(each)) for key, each in value.items()]
    if isinstance(value, list) and parameter.explode:
        return [(name, _text(each)) for each in value]
    return [(name, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(each) for each in value)
    return value if isinstance(value, str) else json_text(value)
