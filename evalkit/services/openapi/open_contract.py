"""Reads an OpenAPI document (3.0 or 3.1), with every mistake in it located."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evalkit.errors import SuiteError
from evalkit.services.openapi.checking import Checker
from evalkit.services.openapi.contract import Contract, Operation
from evalkit.services.openapi.document import Library, Node
from evalkit.services.openapi.generate import Generator
from evalkit.services.openapi.nodes import Nodes
from evalkit.services.openapi.operations import OperationReader
from evalkit.services.openapi.paths import PathError, PathPattern, parse_path
from evalkit.services.openapi.schemas import Schemas
from evalkit.services.openapi.security import schemes_of
from evalkit.services.rest.routing import Router

_VERSION = re.compile(r"3\.([01])(\.[0-9]+)?(-.*)?")
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def open_contract(path: Path, *folders: Path) -> Contract:
    """The contract in a file, which may refer to others below its folder and these folders.

    Raises `SuiteError` with all mistakes.
    """
    library = Library(path.parent, *folders)
    document = library.open(path)
    root = Node(document, (), document.value)
    old = _is_old(root)
    schemas = Schemas(library, old=old)
    nodes = Nodes(library, schemas.problems)
    reader = _Reader(root, nodes, schemas)
    operations = tuple(reader.operations())
    schemas.check_cycles()
    if not operations and not schemas.problems:
        schemas.problems.append(root.problem("the contract has no operation (`paths`)"))
    if schemas.problems:
        found = sorted(set(schemas.problems), key=lambda each: (each.file, each.line or 0))
        raise SuiteError(found)
    checker = Checker(schemas)
    hosts, bases = _servers(root, reader.bases)
    return Contract(
        operations=operations,
        router=Router(each.pattern for each in operations),
        hosts=hosts,
        bases=bases,
        schemas=schemas,
        checker=checker,
        generator=Generator(schemas, checker),
        root=root,
    )


def _is_old(root: Node) -> bool:
    """Whether the document is of OpenAPI 3.0. Raises `SuiteError` unless it is 3.0 or 3.1."""
    if not isinstance(root.value, dict):
        raise SuiteError([root.problem("an OpenAPI document is a mapping")])
    version = root.value.get("openapi")
    found = _VERSION.fullmatch(str(version))
    if found is None:
        key: tuple[str, ...] = ("openapi",) if "openapi" in root.value else ()
        given = "no `openapi:` says the version" if version is None else f"version {version}"
        hint = " (Swagger 2.0 must be converted first)" if "swagger" in root.value else ""
        message = f"{given}; allowed: OpenAPI 3.0 and 3.1{hint}"
        raise SuiteError([root.document.problem(key, message)])
    return found[1] == "0"


class _Reader:
    def __init__(self, root: Node, nodes: Nodes, schemas: Schemas) -> None:
        self._root = root
        self._nodes = nodes
        schemes = schemes_of(root, nodes)
        self._reader = OperationReader(root, nodes, schemas, schemes)
        self._seen: dict[tuple[str, ...], str] = {}
        self._ids: dict[str, str] = {}
        self.bases = _bases(root, nodes)

    def operations(self) -> Iterator[Operation]:
        for path, node in self._nodes.items(self._root, "paths"):
            if not path.startswith("x-"):
                yield from self._of_path(path, node)

    def _of_path(self, path: str, node: Node) -> Iterator[Operation]:
        item = self._nodes.mapping(node)
        if item is None:
            return
        own = _bases(item, self._nodes) if "servers" in item.value else self.bases
        for method in _METHODS:
            if method not in item.value or method == "trace":
                continue
            operation = self._nodes.mapping(item.at(method))
            pattern = self._pattern(method.upper(), path, node)
            if operation is not None and pattern is not None:
                bases = _bases(operation, self._nodes) if "servers" in operation.value else own
                read = self._reader.read(pattern, bases, item, operation)
                self._check_id(read)
                yield read

    def _pattern(self, method: str, path: str, node: Node) -> PathPattern | None:
        try:
            pattern = parse_path(method, path)
        except PathError as error:
            self._nodes.refuse(node, str(error), at_key=True)
            return None
        other = self._seen.setdefault(pattern.shape, pattern.text)
        if other != pattern.text and _all_whole(pattern):
            self._nodes.refuse(node, f"`{path}` takes the same requests as `{other}`", at_key=True)
            return None
        return pattern

    def _check_id(self, operation: Operation) -> None:
        if operation.id is None:
            return
        other = self._ids.setdefault(operation.id, operation.text)
        if other != operation.text:
            message = f"`{operation.id}` is the id of `{other}` too"
            self._nodes.refuse(operation.node.at("operationId"), message)


def _all_whole(pattern: PathPattern) -> bool:
    """Whether each parameter is a whole segment, so that equal shapes take equal requests."""
    pairs = zip(pattern.segments, pattern.names, strict=True)
    return all(not names or segment == f"{{{names[0]}}}" for segment, names in pairs)


def _urls(node: Node, nodes: Nodes) -> Iterator[str]:
    for server in nodes.list(node, "servers"):
        entry = nodes.mapping(server)
        if entry is None or not isinstance(entry.value.get("url"), str):
            if entry is not None:
                nodes.refuse(entry, "a server has a `url`")
            continue
        yield _VARIABLE.sub(partial(_default, entry.value.get("variables")), entry.value["url"])


def _default(variables: Any, found: re.Match[str]) -> str:
    variable = variables.get(found[1]) if isinstance(variables, dict) else None
    value = variable.get("default") if isinstance(variable, dict) else None
    return str(value) if value is not None else found[1]


def _bases(node: Node, nodes: Nodes) -> tuple[str, ...]:
    """The paths that the servers' addresses end in, without a slash at the end."""
    found = []
    for url in _urls(node, nodes):
        try:
            found.append(
                "/" + urlsplit(url).path.strip("/") if urlsplit(url).path.strip("/") else ""
            )
        except ValueError:
            nodes.refuse(node.at("servers"), f"`{url[:100]}` is no URL")
    return tuple(dict.fromkeys(found)) or ("",)


def _servers(root: Node, bases: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The origins of all servers, and the paths that they end in."""
    nodes = Nodes.silent()
    origins = []
    for url in _urls(root, nodes):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc:
            origins.append(f"{parts.scheme}://{parts.netloc.lower()}")
    return tuple(dict.fromkeys(origins)), bases
