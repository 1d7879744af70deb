"""What a contract says, ready to use: its operations, and what each takes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.services.openapi.checking import Checker
from evalkit.services.openapi.document import Node
from evalkit.services.openapi.generate import Generator
from evalkit.services.openapi.paths import PathPattern
from evalkit.services.openapi.schemas import Schemas
from evalkit.services.rest.routing import Router

Place: TypeAlias = Literal["path", "query", "header", "cookie"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One content type of a body. `address` is that of its schema, if it has one."""

    kind: str
    node: Node
    address: str | None
    examples: tuple[tuple[str, Any], ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether such a body is JSON."""
        return is_json(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. `media` is set where its value is text of that content type."""

    name: str
    place: Place
    required: bool
    style: str
    explode: bool
    node: Node
    address: str | None = None
    media: Media | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a request."""

    required: bool
    media: tuple[Media, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an operation answers under a status: `200`, `4XX` or `default`."""

    status: str
    media: tuple[Media, ...]
    headers: tuple[Parameter, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to show who calls: where a credential stands, `name` being that of its carrier.

    `grants` says that its credentials have scopes, and `scopes` are those that an operation needs.
    """

    key: str
    place: Literal["header", "query", "cookie", "none"]
    name: str = ""
    prefix: str = ""
    grants: bool = False
    scopes: tuple[str, ...] = ()
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `security` holds alternatives, each of schemes that are all needed."""

    id: str | None
    pattern: PathPattern
    bases: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]
    security: tuple[tuple[Scheme, ...], ...]
    node: Node

    @property
    def text(self) -> str:
        """Its name: `POST /charges/{id}`."""
        return self.pattern.text

    def response(self, status: int) -> Response | None:
        """What it answers under a status, the most exact first."""
        names = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next((self.responses[name] for name in names if name in self.responses), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract. Operations stand in their order in the document."""

    operations: tuple[Operation, ...]
    router: Router
    hosts: tuple[str, ...]
    bases: tuple[str, ...]
    schemas: Schemas
    checker: Checker
    generator: Generator
    root: Node

    def named(self, name: str) -> Operation | None:
        """The operation of an `operationId` or of `METHOD /path`."""
        found = (each for each in self.operations if name in (each.id, each.text))
        return next(found, None)


def is_json(kind: str) -> bool:
    """Whether a content type is JSON, whatever its parameters."""
    plain = kind.partition(";")[0].strip().lower()
    return plain == "application/json" or plain.endswith("+json")
