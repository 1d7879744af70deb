"""What a route does with a store: read, create, update, replace, delete, list.

An operation changes nothing by itself: what it would change goes with the effect of the reply, and
is made when that is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias

from evalkit.services.bodies import BodyError, json_bytes
from evalkit.services.state.pages import PageError, Paging, page_body, page_of
from evalkit.services.state.stores import Stores
from evalkit.services.state.table import Record, RecordError, Table, changed, fits
from evalkit.services.template import Template
from evalkit.wire import Effect, Head, Headers, Reply, Request

Verb: TypeAlias = Literal["read", "create", "update", "replace", "delete", "list"]
VERBS: tuple[Verb, ...] = ("read", "create", "update", "replace", "delete", "list")
WRITES: tuple[Verb, ...] = ("create", "update", "replace", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one route does with one store. `parameter` is that of the path which holds the key."""

    verb: Verb
    store: str
    parameter: str | None
    record: Template | None
    where: Template
    paging: Paging
    size: int

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.verb in WRITES

    @property
    def effect(self) -> str:
        """The effect that it is, unless the route names its own."""
        return f"{self.store}.{self.verb}"

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        names = self.where.names | (self.record.names if self.record else frozenset())
        takes_body = self.verb in ("create", "update", "replace") and self.record is None
        return names | ({"body"} if takes_body else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an operation: the variables it adds, the reply it makes unless the definition
    says otherwise, and the change that awaits its effect.
    """

    variables: Mapping[str, Any]
    status: int = 200
    value: Any = None
    headers: Headers = ()
    change: Callable[[], None] | None = None
    key: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """The operation is not possible: a record is missing, or there is one already."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


def perform(
    operation: Operation, stores: Stores, variables: Mapping[str, Any], request: Request
) -> Done:
    """What comes of the operation on this request. Raises `RefusedError`, `BodyError` and
    `RenderError`.
    """
    table = stores.table(operation.store, request.caller)
    where = operation.where.render(variables)
    try:
        if operation.verb == "list":
            return _list(operation, table, where, variables)
        if operation.verb == "create":
            return _create(operation, table, variables, stores, request)
        return _at_key(operation, table, where, variables)
    except RecordError as error:
        raise RefusedError(400, "bad_request", str(error)) from None


def made_by(done: Done, route: str, effects: tuple[Effect, ...]) -> Reply:
    """The reply of an operation that its route does not word."""
    if done.status == 204:
        return Reply(status=204, headers=done.headers, plan=(Head(),), effects=effects, route=route)
    return Reply.whole(
        json_bytes(done.value),
        status=done.status,
        content_type="application/json",
        headers=done.headers,
        effects=effects,
        route=route,
    )


def with_change(reply: Reply, name: str, done: Done) -> Reply:
    """The reply with the change bound to its effect: the one declared, else one of this name. An
    error changes nothing.
    """
    if done.change is None or reply.status >= 400:
        return reply
    if reply.effects:
        effect = replace(reply.effects[0], commit=done.change)
    else:
        effect = Effect(name=name, key=done.key, data=done.data, commit=done.change)
    return replace(reply, effects=(effect, *reply.effects[1:]))


def _list(
    operation: Operation, table: Table, where: Mapping[str, Any], variables: Mapping[str, Any]
) -> Done:
    query = variables["query"]
    try:
        page = page_of(table, where, query, paging=operation.paging, size=operation.size)
    except PageError as error:
        raise RefusedError(400, "bad_request", str(error)) from None
    return Done(variables={"page": page.variables}, value=page_body(page, operation.paging))


def _create(
    operation: Operation,
    table: Table,
    variables: Mapping[str, Any],
    stores: Stores,
    request: Request,
) -> Done:
    given = _given(operation, variables)

    def made() -> Record:
        """The record; one without a key gets the next that is free each time."""
        if given.get(table.key) is not None:
            return given
        key = stores.new_key(operation.store, table, request.draw)
        return {table.key: key, **given, table.key: key}

    record = made()
    key = table.key_of(record)
    if table.get(key) is not None:
        raise RefusedError(
            409, "conflict", f"{operation.store} has a record with the {table.key} {key[:100]!r}"
        )
    place = (("location", f"{request.path.rstrip('/')}/{key}"),) if _plain(key) else ()
    return Done(
        variables={"record": record},
        status=201,
        value=record,
        headers=place,
        change=lambda: table.put(made()),
        key=(key,),
        data={"record": record},
    )


def _at_key(
    operation: Operation, table: Table, where: Mapping[str, Any], variables: Mapping[str, Any]
) -> Done:
    key = variables["path"][operation.parameter]
    found = table.get(key)
    if found is None or not fits(found, where):
        message = f"{operation.store} has no record with the {table.key} {key[:100]!r}"
        raise RefusedError(404, "not_found", message)
    if operation.verb == "read":
        return Done(variables={"record": found}, value=found)
    if operation.verb == "delete":
        return Done(
            variables={"record": found, "before": found},
            status=204,
            change=partial(table.remove, key),
            data={table.key: found[table.key]},
        )
    given = _given(operation, {**variables, "before": found})
    return _write(operation, table, key, found, given)


def _write(operation: Operation, table: Table, key: str, found: Record, given: Record) -> Done:
    if operation.verb == "update":
        record = changed(found, given, table.key)
        change = partial(table.change, key, given)
    else:
        record = {**given, table.key: found[table.key]}
        change = partial(table.put, record)
    return Done(
        variables={"record": record, "before": found},
        value=record,
        change=change,
        data={table.key: found[table.key], "changes": given},
    )


def _given(operation: Operation, variables: Mapping[str, Any]) -> Record:
    """The record that a route makes, or that the request brings."""
    if operation.record is not None:
        given = operation.record.render(variables)
    else:
        given = variables["body"]
    if not isinstance(given, Mapping):
        raise BodyError("the body is no JSON object, which a record is")
    return given


def _plain(key: str) -> bool:
    """Whether a key can stand in a path as it is."""
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()
