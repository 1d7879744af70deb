"""The value of a form, as the schema of its body types it.

Fields of URL-encoded forms are put together by the brackets in their names. Of forms in parts, a
part may say its content type, which `encoding` may restrict; an object without one is JSON, as
OpenAPI has it. A file is a text, of one character a byte where it is no UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from evalkit.services.bodies import read_json
from evalkit.services.forms import MULTIPART, FormPart, kind_of, read_pairs, read_parts
from evalkit.services.openapi.checking import Breach
from evalkit.services.openapi.contract import Media
from evalkit.services.openapi.schemas import Form, Schemas
from evalkit.services.openapi.values import Typer, nested
from evalkit.wire import Request


class Fields:
    """Reads the forms of one contract."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._typer = Typer(schemas)

    def value(self, media: Media, request: Request) -> tuple[dict[str, Any], list[Breach]]:
        """The value of a form, and its parts of wrong types. Raises `BodyError`."""
        form = {} if media.address is None else self._schemas.form(media.address)
        content_type = request.header("content-type") or ""
        if kind_of(content_type) != MULTIPART:
            return self._typer.typed(form, nested(read_pairs(request.body))), []
        parts = read_parts(request.body, content_type)
        by_name: dict[str, list[FormPart]] = {}
        for each in parts:
            by_name.setdefault(each.name, []).append(each)
        value = {name: self._field(form, name, same) for name, same in by_name.items()}
        return value, list(_wrong_kinds(media, parts))

    def _field(self, form: Form, name: str, parts: Sequence[FormPart]) -> Any:
        own = self._typer.property(form, name)
        types = self._typer.types(own)
        items = self._typer.items(own) if "array" in types else own
        values = [self._one(items, each) for each in parts]
        whole = len(values) == 1 and isinstance(values[0], list)  # a list as one part of JSON
        many = len(values) > 1 or ("array" in types and "string" not in types)
        return values if many and not whole else values[0]

    def _one(self, form: Form, part: FormPart) -> Any:
        types = self._typer.types(form)
        structured = bool(types) and types <= {"object", "array", "null"}
        if part.is_json or (structured and not part.kind and part.filename is None):
            return read_json(part.data)
        return part.text if part.filename is not None else self._typer.typed(form, part.text)


def _wrong_kinds(media: Media, parts: Sequence[FormPart]) -> Iterator[Breach]:
    """The parts whose content type is none that `encoding` allows for them."""
    encoding = media.node.value.get("encoding")
    for part in parts:
        own = encoding.get(part.name) if isinstance(encoding, dict) else None
        told = own.get("contentType") if isinstance(own, dict) else None
        if not isinstance(told, str):
            continue
        allowed = [kind_of(each) for each in told.split(",")]
        kind = part.kind or "text/plain"  # what a part is that does not say (RFC 7578, 4.4)
        if not any(fnmatchcase(kind, each) for each in allowed):
            yield Breach(
                where=f"body.{part.name}",
                message=f'its content type "{kind}" is not one of {", ".join(allowed)}',
                rule=f"{media.node.place}.encoding.{part.name}.contentType",
            )
