"""Checks a request against its operation: parameters, security, content type, body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from evalkit.services.bodies import BodyError, read_json
from evalkit.services.forms import KINDS, kind_of
from evalkit.services.openapi.checking import Breach
from evalkit.services.openapi.contract import Body, Contract, Media, Operation, Parameter
from evalkit.services.openapi.fields import Fields
from evalkit.services.openapi.security import carried, credential, scopes_of, told_scopes
from evalkit.services.openapi.values import Missing, Typer, read_pairs, read_text
from evalkit.suite.problems import closest
from evalkit.wire import Request

Granted: TypeAlias = Callable[[Request], tuple[str, ...] | None]
"""The scopes of a request's credential; None where they cannot be known."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a good service refuses a request, and every breach that it is refused for."""

    status: int
    breaches: tuple[Breach, ...]


class Conformity:
    """Checks the requests of one contract. It keeps nothing."""

    def __init__(self, contract: Contract, granted: Granted = told_scopes) -> None:
        """`granted` tells which scopes the credential of a request has."""
        self._contract = contract
        self._granted = granted
        self._typer = Typer(contract.schemas)
        self._fields = Fields(contract.schemas)

    def refusal(
        self, operation: Operation, values: Mapping[str, str], request: Request
    ) -> Refusal | None:
        """Why a request does not conform: what an API looks at first decides the status."""
        unsafe, insecure = self._insecure(operation, request)
        parameters = list(self._parameters(operation, values, request))
        status, body = self._body(operation, request)
        found = (*insecure, *parameters, *body)
        if not found:
            return None
        return Refusal(unsafe if insecure else 400 if parameters else status, found)

    # Security ----------------------------------------------------------------------------------

    def _insecure(self, operation: Operation, request: Request) -> tuple[int, list[Breach]]:
        """What a request lacks: a credential (401), or scopes that it should have (403)."""
        alternatives = carried(operation, request)
        if not alternatives:
            ways = (" with ".join(map(credential, each)) for each in operation.security)
            what = f"no credential; needed: {' or '.join(ways)}"
            return 401, [_unsafe(operation, what)]
        had = self._granted(request) if any(map(scopes_of, alternatives)) else None
        if had is None or any(set(scopes_of(each)) <= set(had) for each in alternatives):
            return 200, []
        needed = " or ".join(" ".join(scopes_of(each)) for each in alternatives)
        what = f"the credential has {' '.join(had) or 'no scope'}; needed: {needed}"
        return 403, [_unsafe(operation, what)]

    # Parameters --------------------------------------------------------------------------------

    def _parameters(
        self, operation: Operation, values: Mapping[str, str], request: Request
    ) -> Iterator[Breach]:
        for parameter in operation.parameters:
            where = f"{parameter.place}.{parameter.name}"
            try:
                value = self._value(parameter, values, request)
            except Missing:
                if parameter.required:
                    rule = f"{parameter.node.place}.required"
                    yield Breach(where=where, message="is missing", rule=rule)
                continue
            except BodyError as error:
                yield Breach(where=where, message=error.message, rule=parameter.node.place)
                continue
            if parameter.address is not None:
                yield from self._contract.checker.breaches(parameter.address, value, where)

    def _value(self, parameter: Parameter, values: Mapping[str, str], request: Request) -> Any:
        """The typed value of a parameter. Raises `Missing`, and `BodyError` where it is no JSON."""
        if parameter.media is not None:
            text = _text(parameter, values, request)
            return read_json(text.encode()) if parameter.media.is_json else text
        if parameter.address is None:
            return _text(parameter, values, request)
        form = self._contract.schemas.form(parameter.address)
        types = self._typer.types(form)
        if parameter.place in ("query", "cookie"):
            value = read_pairs(parameter, _pairs(parameter, request), types)
        else:
            value = read_text(parameter, _text(parameter, values, request), types)
        return self._typer.typed(form, value)

    # Body --------------------------------------------------------------------------------------

    def _body(self, operation: Operation, request: Request) -> tuple[int, list[Breach]]:
        body = operation.body
        if body is None:
            return 400, []
        kind = kind_of(request.header("content-type") or "")
        if not request.body:
            rule = f"{body.node.place}.required"
            missing = Breach(where="body", message="is missing", rule=rule)
            return 400, [missing] if body.required else []
        media = media_of(body, kind)
        if media is None:
            allowed = ", ".join(each.kind for each in body.media)
            message = f'"{kind}" is not one of {allowed}' if kind else f"is missing; {allowed}"
            rule = f"{body.node.place}.content"
            return 415, [Breach(where="header.content-type", message=message, rule=rule)]
        return self._content(media, kind, request)

    def _content(self, media: Media, kind: str, request: Request) -> tuple[int, list[Breach]]:
        if media.address is None and kind not in KINDS:
            return 400, []
        value: Any
        found: list[Breach] = []
        try:
            if kind in KINDS:
                value, found = self._fields.value(media, request)
            elif media.is_json or kind.endswith(("/json", "+json")):
                value = read_json(request.body)
            elif kind.startswith("text/"):
                value = request.body.decode("utf-8", "replace")
            else:
                return 400, []
        except BodyError as error:
            broken = Breach(where="body", message=error.message, rule=media.node.place)
            return error.status, [broken]
        if media.address is not None:
            found += self._contract.checker.breaches(media.address, value, "body")
        return 400, found


def media_of(body: Body, kind: str) -> Media | None:
    """What the body takes for a content type, the most exact first."""
    for media in sorted(body.media, key=lambda each: each.kind.count("*")):
        if fnmatchcase(kind, media.kind.partition(";")[0].strip()):
            return media
    return None


def _text(parameter: Parameter, values: Mapping[str, str], request: Request) -> str:
    """The text of a parameter. Raises `Missing`."""
    match parameter.place:
        case "path":
            text = values.get(parameter.name)
        case "header":
            text = request.header(parameter.name)
        case _:
            pairs = dict(reversed(_pairs(parameter, request)))
            text = pairs.get(parameter.name)
    if text is None:
        raise Missing
    return text


def _pairs(parameter: Parameter, request: Request) -> list[tuple[str, str]]:
    if parameter.place == "query":
        return list(request.query)
    parts = (request.header("cookie") or "").split(";")
    return [
        (name.strip(), value.strip()) for name, _, value in (each.partition("=") for each in parts)
    ]


def _unsafe(operation: Operation, what: str) -> Breach:
    holder = operation.node
    rule = f"{holder.place}.security" if "security" in holder.value else "security"
    return Breach(where="security", message=what, rule=rule)


def unknown_path(contract: Contract, method: str, path: str) -> Breach:
    """The breach of a request that no operation takes."""
    nearest, difference = contract.router.nearest(method, path)
    message = (
        f"no operation for `{method} {path[:200]}`; the nearest is `{nearest.text}`: {difference}"
    )
    return Breach(where="path", message=message, rule="paths")


def unknown_base(contract: Contract, path: str) -> Breach:
    """The breach of a request below none of the servers' paths."""
    bases = [each or "/" for each in contract.bases]
    near = closest("/" + path.strip("/").partition("/")[0], bases)
    hint = f"; did you mean `{near}`?" if near else ""
    message = f"`{path[:200]}` is below no server's path; they are {', '.join(bases)}{hint}"
    return Breach(where="path", message=message, rule="servers")


def unknown_method(method: str, path: str, methods: tuple[str, ...]) -> Breach:
    """The breach of a request whose path knows other methods."""
    message = f"`{path}` knows {', '.join(methods)}, not {method}"
    return Breach(where="method", message=message, rule=f"paths.{path}")
