"""Operations as the settings of a check name them: `service`, or `service OPERATION-GLOB`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, PlainSerializer, PlainValidator, WithJsonSchema

from evalkit.journal.views import CallView
from evalkit.suite.tree import Where


@dataclass(frozen=True, slots=True)
class OperationGlob:
    """The operations of a service that a glob fits; without one, all of them."""

    service: str
    glob: str | None = None

    def fits(self, call: CallView) -> bool:
        """Whether a call is of one of them."""
        return self.names(call.service, call.started.operation)

    def names(self, service: str, operation: str) -> bool:
        """Whether an operation of a service is one of them."""
        return service == self.service and (self.glob is None or fnmatchcase(operation, self.glob))

    def __str__(self) -> str:
        return self.service if self.glob is None else f"{self.service} {self.glob}"


def _parsed(value: Any) -> OperationGlob:
    if isinstance(value, OperationGlob):
        return value
    service, _, glob = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    if not service:
        raise ValueError("write an operation as SERVICE, or SERVICE OPERATION-GLOB")
    return OperationGlob(service, glob.strip() or None)


Operation: TypeAlias = Annotated[
    OperationGlob,
    PlainValidator(_parsed),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["crm", "crm GET /customers/*"]}),
]
"""An operation in the settings of a check. Its service must be one of the suite's."""


def operations_in(value: Any, where: Where = ()) -> Iterator[tuple[Where, OperationGlob]]:
    """Every operation in the settings of a check, with its place."""
    if isinstance(value, OperationGlob):
        yield where, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from operations_in(getattr(value, name), (*where, field.alias or name))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from operations_in(key, (*where, str(key)))
            yield from operations_in(each, (*where, str(key)))
    elif isinstance(value, list | tuple):
        for at, each in enumerate(value):
            yield from operations_in(each, (*where, at))
