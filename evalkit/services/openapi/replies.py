"""The replies that a contract gives by itself: its examples, else values made of its schemas.

What is read (GET, PUT, DELETE) depends on what is asked for and nothing else, so that the same
record is the same whoever reads it. What is made anew (POST, PATCH) depends on the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.bodies import BodyError, json_bytes, json_text, read_json
from evalkit.services.forms import KINDS, form_bytes, kind_of, read_pairs, read_parts
from evalkit.services.openapi.contract import Contract, Media, Operation, Response
from evalkit.services.openapi.patterns import Unmade
from evalkit.services.openapi.values import Typer, nested
from evalkit.wire import Head, Headers, Reply, Request, Send

_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
_BODILESS = (204, 205, 304)
_MESSAGES = ("message", "detail", "description", "error_description", "title", "error")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What else the contract allows in the place of a body. See `evalkit.wire.Allows`."""

    contract: Contract
    address: str

    def allows(self, value: Any) -> bool:
        """Whether the contract takes a value as the body."""
        return self.contract.checker.fits(self.address, value)

    def another(self, draw: Draw) -> Any:
        """A body that the contract allows; None where none can be made."""
        try:
            return self.contract.generator.value(self.address, draw, "reply", examples=False)
        except Unmade:
            return None


class Replies:
    """Makes the replies of one contract. It keeps nothing."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._typer = Typer(contract.schemas)

    def made(
        self,
        operation: Operation,
        values: Mapping[str, str],
        request: Request,
        *,
        status: int | None = None,
        example: str | None = None,
    ) -> Reply:
        """The reply under a status, or of success. Raises `Unmade`."""
        found, response = _response(operation, status)
        media = None if response is None else _media(response)
        if response is None or media is None or found in _BODILESS or request.method == "HEAD":
            length: Headers = () if found in _BODILESS else (("content-length", "0"),)
            return Reply(status=found, headers=length, plan=(Head(),))
        draw = _draw(operation, request).at(found)
        value = self._value(media, draw, example)
        if response.status != "default" and found < 300 and isinstance(value, dict):
            value = self._echoed(media, value, operation, values, request)
        headers = tuple(self._headers(response, draw))
        return _sent(media, value, found, headers)

    def refusal(self, operation: Operation, request: Request, status: int, message: str) -> Reply:
        """How the contract words an error; in plain JSON where it does not."""
        response = operation.response(status)
        if response is None and status == 400:
            response, status = operation.response(422), 422 if operation.response(422) else 400
        media = None if response is None else _media(response)
        if response is not None and media is not None and media.address and media.is_json:
            try:
                value = self._value(media, _draw(operation, request).at(status), None)
            except Unmade:
                value = None
            if isinstance(value, dict):
                worded = _worded(value, message)
                if self._contract.checker.fits(media.address, worded):
                    return _sent(media, worded, status, ())
        return Reply.json(
            {"error": _ERRORS.get(status, "bad_request"), "message": message}, status=status
        )

    def allowed(self, operation: Operation, reply: Reply) -> Allowed | None:
        """What else the contract allows in place of a reply's JSON body."""
        response = operation.response(reply.status)
        media = None if response is None else _media(response)
        if media is None or media.address is None or not media.is_json:
            return None
        return Allowed(self._contract, media.address)

    # Values ------------------------------------------------------------------------------------

    def _value(self, media: Media, draw: Draw, example: str | None) -> Any:
        for name, value in media.examples:
            wanted = example is None or name == example
            if wanted and (
                media.address is None or self._contract.checker.fits(media.address, value)
            ):
                return value
        if media.address is None:
            return {} if media.is_json else ""
        return self._contract.generator.value(media.address, draw, "reply")

    def _echoed(
        self,
        media: Media,
        value: dict[str, Any],
        operation: Operation,
        values: Mapping[str, str],
        request: Request,
    ) -> dict[str, Any]:
        """The value with what the request says of it: the id asked for, the fields sent."""
        if media.address is None:
            return value
        form = self._contract.schemas.form(media.address)
        for name, given in _said(operation, values, request):
            if name not in value:
                continue
            typed = self._typer.typed(self._typer.property(form, name), given)
            changed = {**value, name: typed}
            if self._contract.checker.fits(media.address, changed):
                value = changed
        return value

    def _headers(self, response: Response, draw: Draw) -> Iterator[tuple[str, str]]:
        for header in response.headers:
            if not header.required or header.address is None:
                continue
            value = self._contract.generator.value(header.address, draw.at(header.name), "reply")
            text = value if isinstance(value, str) else json_text(value)
            yield header.name.lower(), text.encode("latin-1", "replace").decode("latin-1")


_ERRORS = {401: "unauthorized", 403: "insufficient_scope", 404: "not_found"}
_ERRORS |= {405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def _response(operation: Operation, status: int | None) -> tuple[int, Response | None]:
    """The response to give, and the status it is given under."""
    if status is not None:
        return status, operation.response(status)
    exact = sorted(int(name) for name in operation.responses if name.isdecimal())
    success = next((each for each in exact if 200 <= each < 300), None)
    if success is not None:
        return success, operation.responses[str(success)]
    for name in ("2XX", "2xx", "default"):
        if name in operation.responses:
            return 200, operation.responses[name]
    other = next((each for each in exact if 300 <= each < 400), None)
    return (200, None) if other is None else (other, operation.responses[str(other)])


def _media(response: Response) -> Media | None:
    """JSON where there is some, else what stands first."""
    first = next(iter(response.media), None)
    return next((media for media in response.media if media.is_json), first)


def _draw(operation: Operation, request: Request) -> Draw:
    if request.method in _REPEATABLE:
        return Draw("openapi", operation.text, request.path, sorted(request.query))
    return request.draw.at("openapi")


def _said(
    operation: Operation, values: Mapping[str, str], request: Request
) -> Iterator[tuple[str, Any]]:
    """What a request says of the record: fields of its body, then parameters of its path."""
    body: Any = {}
    content_type = request.header("content-type") or ""
    try:
        match kind_of(content_type):
            case "application/x-www-form-urlencoded":
                body = nested(read_pairs(request.body))
            case "multipart/form-data":
                parts = read_parts(request.body, content_type)
                body = {each.name: each.text for each in parts if each.filename is None}
            case _ if request.body:
                body = read_json(request.body)
    except (BodyError, ValueError):
        body = {}
    if isinstance(body, dict):
        yield from body.items()
    yield from values.items()
    last = operation.pattern.parameters[-1]
    if last is not None and last in values:
        yield "id", values[last]


def _worded(value: Any, message: str) -> Any:
    """An error with the message where one belongs, however deep."""
    if not isinstance(value, dict):
        return value
    for name in _MESSAGES:
        if isinstance(value.get(name), str):
            return {**value, name: message}
    return {name: _worded(each, message) for name, each in value.items()}


def _sent(media: Media, value: Any, status: int, headers: Headers) -> Reply:
    kind = "application/json" if "*" in media.kind else media.kind
    if kind_of(kind) in KINDS and isinstance(value, dict):
        body, kind = form_bytes(value, kind_of(kind))
    elif media.is_json or "*" in media.kind or not isinstance(value, str):
        body = json_bytes(value)
    else:
        body = value.encode("utf-8", "replace")
    all_headers = (("content-type", kind), ("content-length", str(len(body))), *headers)
    plan = (Head(), Send(body)) if body else (Head(),)
    return Reply(status=status, headers=all_headers, plan=plan)
