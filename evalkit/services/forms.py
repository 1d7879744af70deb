"""Forms as bodies: URL-encoded ones and those in parts (`multipart/form-data`, RFC 7578).

Whatever a client sends, reading raises nothing but `BodyError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any
from urllib.parse import parse_qsl, urlencode

from evalkit.services.bodies import BodyError, json_bytes, json_text, read_json, refuse_size
from evalkit.wire import Request

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
KINDS = (URLENCODED, MULTIPART)
"""The content types of forms."""

BOUNDARY = "evalkit-0f1d5f0e7c7e4b5a"
"""What stands between the parts of a form that evalkit writes."""

_MAX_FIELDS = 10_000
_MAX_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPart:
    """A field of a form in parts. `filename` is set of a file, `kind` where a type is told."""

    name: str
    data: bytes
    filename: str | None = None
    kind: str = ""

    @property
    def is_json(self) -> bool:
        """Whether the data is JSON."""
        return self.kind == "application/json" or self.kind.endswith("+json")

    @property
    def text(self) -> str:
        """The data as text; what is not UTF-8 as one character a byte, so that nothing is lost."""
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return self.data.decode("latin-1")


def kind_of(content_type: str) -> str:
    """The content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def read_body(request: Request) -> Any:
    """The value of a body: of a form the fields, else of JSON. Raises `BodyError`.

    A file in a form is `{filename, type, size, text}`.
    """
    content_type = request.header("content-type") or ""
    match kind_of(content_type):
        case "application/x-www-form-urlencoded":
            return dict(read_pairs(request.body))
        case "multipart/form-data":
            return {each.name: _told(each) for each in read_parts(request.body, content_type)}
    return read_json(request.body)


def _told(part: FormPart) -> Any:
    if part.filename is not None:
        about = {"filename": part.filename, "type": part.kind, "size": len(part.data)}
        return {**about, "text": part.text}
    return read_json(part.data) if part.is_json else part.text


def read_pairs(body: bytes) -> list[tuple[str, str]]:
    """The fields of a URL-encoded form, in order. Raises `BodyError`."""
    refuse_size(body)
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError:
        raise BodyError("the body is not UTF-8") from None
    except ValueError:
        raise BodyError(f"the form has more than {_MAX_FIELDS:,} fields", 413) from None


def read_parts(body: bytes, content_type: str) -> list[FormPart]:
    """The fields of a form in parts, in order. Raises `BodyError`."""
    refuse_size(body)
    boundary = _header(content_type).get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise BodyError("the content type tells no boundary of the form's parts")
    delimiter = b"\r\n--" + boundary.encode("utf-8", "replace")
    segments = (b"\r\n" + body).split(delimiter, _MAX_FIELDS + 2)
    if len(segments) > _MAX_FIELDS + 2:
        raise BodyError(f"the form has more than {_MAX_FIELDS:,} fields", 413)
    if len(segments) < 2 or not segments[-1].startswith(b"--"):
        raise BodyError("the form does not end with its boundary")
    return [_part(each) for each in segments[1:-1]]


def _part(segment: bytes) -> FormPart:
    padding, line, rest = segment.partition(b"\r\n")
    head, gap, data = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if padding.strip(b" \t") or not line or not gap or len(head) > _MAX_HEAD:
        raise BodyError("a part of the form has no head of its own")
    headers: dict[str, str] = {}
    for each in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = each.partition(":")
        headers[header.strip().lower()] = value.strip()
    disposition = _header(headers.get("content-disposition", ""))
    name = disposition.get_param("name")
    if disposition.get_content_maintype() != "form-data" or not isinstance(name, str):
        raise BodyError("a part of the form has no name")
    filename = disposition.get_param("filename")
    return FormPart(
        name=name,
        data=data,
        filename=None if filename is None else collapse_rfc2231_value(filename),
        kind=kind_of(headers.get("content-type", "")),
    )


def _header(value: str) -> Message:
    """A header with parameters; a disposition is read as a type whose second half is `x`."""
    made = Message()
    first, *rest = value.split(";")
    first = first.strip()
    made["content-type"] = ";".join([first if "/" in first else f"{first}/x", *rest])
    return made


# Writing -----------------------------------------------------------------------------------------


def form_bytes(value: Mapping[str, Any], kind: str) -> tuple[bytes, str]:
    """A form of this kind that holds a value, and its content type."""
    if kind == URLENCODED:
        return urlencode(list(_flat(value))).encode(), URLENCODED
    parts = (_written(name, each) for name, given in value.items() for each in _each(given))
    return b"".join((*parts, f"--{BOUNDARY}--\r\n".encode())), f"{MULTIPART}; boundary={BOUNDARY}"


def _flat(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields with keys in brackets for what is nested: `items[0][id]=7`."""
    for name, each in value.items():
        yield from _fields(name, each)


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _fields(f"{name}[{key}]", each)
    elif isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        for each in value:
            yield name, plain(each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _fields(f"{name}[{place}]", each)
    else:
        yield name, plain(value)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(name: str, value: Any) -> bytes:
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{quoted}"\r\n'
    if isinstance(value, dict | list):
        head, data = f"{head}Content-Type: application/json\r\n", json_bytes(value)
    else:
        data = plain(value).encode("utf-8", "replace")
    return f"{head}\r\n".encode("utf-8", "replace") + data + b"\r\n"


def plain(value: Any) -> str:
    """A single value as the text of a field."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value)
