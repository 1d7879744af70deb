"""Compares two versions of a contract, from the side of an agent that was built on the first.

A request that the old version took must still be taken, and a reply of the new version must be one
that the old could have given: what narrows a request or widens a reply is breaking. Two things are
kinder than that rule, as clients are: a reply may have new fields and new statuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalkit.services.contracts.changes import Change
from evalkit.services.contracts.schemas import SchemaChanges
from evalkit.services.openapi.contract import (
    Contract,
    Media,
    Operation,
    Parameter,
    Response,
    Scheme,
)
from evalkit.services.openapi.schemas import Sense


def compare_contracts(old: Contract, new: Contract) -> tuple[Change, ...]:
    """All changes, the breaking ones first, in the order of the old contract."""
    found = list(dict.fromkeys(_Comparison(old, new).changes()))
    return tuple(sorted(found, key=lambda each: not each.breaking))


class _Comparison:
    def __init__(self, old: Contract, new: Contract) -> None:
        self._old = old
        self._new = new
        self._schemas = SchemaChanges(old.schemas, new.schemas)
        self._operation: str | None = None

    def changes(self) -> Iterator[Change]:
        yield from self._servers()
        before = {each.pattern.shape: each for each in self._old.operations}
        after = {each.pattern.shape: each for each in self._new.operations}
        for shape, old in before.items():
            self._operation = old.text
            if shape not in after:
                yield self._change(True, "", "the operation is gone")
            else:
                yield from self._of_operation(old, after[shape])
        for shape, new in after.items():
            if shape not in before:
                self._operation = new.text
                yield self._change(False, "", "a new operation")

    def _change(self, breaking: bool, where: str, message: str) -> Change:
        return Change(breaking=breaking, operation=self._operation, where=where, message=message)

    def _servers(self) -> Iterator[Change]:
        for name, before, after in (
            ("server", self._old.hosts, self._new.hosts),
            ("server path", self._old.bases, self._new.bases),
        ):
            for each in before:
                if each not in after and (after or name == "server path"):
                    yield self._change(True, "", f"the {name} {each or '/'} is gone")
            for each in after:
                if each not in before:
                    yield self._change(False, "", f"a new {name} {each or '/'}")

    def _of_operation(self, old: Operation, new: Operation) -> Iterator[Change]:
        yield from self._parameters(_named(old), _named(new))
        yield from self._body(old, new)
        yield from self._responses(old.responses, new.responses)
        yield from self._security(old.security, new.security)

    # Requests ----------------------------------------------------------------------------------

    def _parameters(
        self, old: Mapping[str, Parameter], new: Mapping[str, Parameter]
    ) -> Iterator[Change]:
        for where, before in old.items():
            after = new.get(where)
            if after is None:
                yield self._change(True, where, "the parameter is gone")
                continue
            if after.required and not before.required:
                yield self._change(True, where, "the parameter is now required")
            elif before.required and not after.required:
                yield self._change(False, where, "the parameter is no longer required")
            if (before.style, before.explode) != (after.style, after.explode):
                yield self._change(True, where, "the parameter is written in another style")
            yield from self._schema(before.address, after.address, where, "request")
        for where, after in new.items():
            if where not in old:
                kind = "required" if after.required else "optional"
                yield self._change(after.required, where, f"a new {kind} parameter")

    def _body(self, old: Operation, new: Operation) -> Iterator[Change]:
        if old.body is None or new.body is None:
            if new.body is not None:
                required = new.body.required
                message = f"a new {'required' if required else 'optional'} body"
                yield self._change(required, "body", message)
            elif old.body is not None:
                yield self._change(True, "body", "the body is gone")
            return
        if new.body.required and not old.body.required:
            yield self._change(True, "body", "the body is now required")
        elif old.body.required and not new.body.required:
            yield self._change(False, "body", "the body is no longer required")
        yield from self._media(old.body.media, new.body.media, "body", "request")

    def _security(
        self, old: tuple[tuple[Scheme, ...], ...], new: tuple[tuple[Scheme, ...], ...]
    ) -> Iterator[Change]:
        before = [_credentials(each) for each in old] or [frozenset()]
        after = [_credentials(each) for each in new] or [frozenset()]
        if any(not any(wanted <= given for wanted in after) for given in before):
            yield self._change(True, "security", "credentials that were enough are not any more")
        elif set(before) != set(after):
            yield self._change(False, "security", "other credentials are taken too")

    # Replies -----------------------------------------------------------------------------------

    def _responses(
        self, old: Mapping[str, Response], new: Mapping[str, Response]
    ) -> Iterator[Change]:
        for status, before in old.items():
            after = new.get(status)
            if after is None:
                is_success = status[:1] in ("2", "3", "d")
                yield self._change(is_success, status, "the reply is gone")
                continue
            yield from self._media(before.media, after.media, f"{status}.body", "reply")
            headers = {each.name.lower() for each in after.headers}
            for header in before.headers:
                if header.name.lower() not in headers:
                    where = f"{status}.header.{header.name}"
                    yield self._change(True, where, "the header is gone")
        for status in new:
            if status not in old:
                yield self._change(False, status, "a new reply")

    # Both --------------------------------------------------------------------------------------

    def _media(
        self, old: Sequence[Media], new: Sequence[Media], where: str, sense: Sense
    ) -> Iterator[Change]:
        after = {each.kind: each for each in new}
        for media in old:
            if media.kind not in after:
                yield self._change(True, where, f"the content type {media.kind} is gone")
            else:
                address = after[media.kind].address
                yield from self._schema(media.address, address, where, sense)
        known = {each.kind for each in old}
        for kind in after:
            if kind not in known:
                yield self._change(False, where, f"a new content type {kind}")

    def _schema(
        self, old: str | None, new: str | None, where: str, sense: Sense
    ) -> Iterator[Change]:
        before = {} if old is None else {"$ref": old}
        after = {} if new is None else {"$ref": new}
        for breaking, place, message in self._schemas.between(before, after, where, sense):
            yield self._change(breaking, place, message)


def _named(operation: Operation) -> dict[str, Parameter]:
    """The parameters by where they are; those of the path by their place, whatever their names."""
    order = [name for names in operation.pattern.names for name in names]
    found = {}
    for each in operation.parameters:
        name = each.name.lower() if each.place == "header" else each.name
        if each.place == "path" and each.name in order:
            name = str(order.index(each.name) + 1)
        found[f"{each.place}.{name}"] = each
    return found


def _credentials(schemes: tuple[Scheme, ...]) -> frozenset[tuple[str, str, str, str]]:
    """What a caller needs: credentials by where they stand, and each scope of theirs."""
    return frozenset(
        (each.place, each.name.lower(), each.prefix.lower(), scope)
        for each in schemes
        for scope in ("", *each.scopes)
    )
