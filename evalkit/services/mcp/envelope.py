"""What every request says of itself from revision 2026-07-28 on, in its body and in its headers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from evalkit.services.mcp.rpc import HEADER_MISMATCH, INVALID_PARAMS, Message, RpcError
from evalkit.services.mcp.versions import CAPABILITIES_KEY, VERSION_KEY
from evalkit.wire import Request

_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")


def header_values(request: Request) -> Mapping[str, str]:
    """The first value of each header by its name."""
    return dict(reversed(request.headers))


def has_envelope(message: Message) -> bool:
    """Whether a request says its revision in its body."""
    return VERSION_KEY in message.meta


def check_envelope(message: Message, headers: Mapping[str, str] | None = None) -> None:
    """That a request says what it must, and the same in its headers where it has such. Raises
    `RpcError`.
    """
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        text = f"Invalid params: params._meta is missing {', '.join(missing)}"
        raise RpcError(INVALID_PARAMS, text, status=400, complaint=text)
    if headers is None:
        return
    expected = [
        ("mcp-protocol-version", message.meta[VERSION_KEY]),
        ("mcp-method", message.method),
    ]
    key = _NAMED_BY.get(str(message.method))
    if key is not None and message.params.get(key) is not None:
        expected.append(("mcp-name", message.params[key]))
    for name, value in expected:
        if _decoded(headers.get(name)) != value:
            text = f"the header {name} does not say what the body says"
            raise RpcError(HEADER_MISMATCH, text, status=400, complaint=text)


def _decoded(value: str | None) -> str | None:
    """A header's value; what no header can hold is in base64 between `=?base64?` and `?=`."""
    found = None if value is None else _ENCODED.fullmatch(value)
    if found is None:
        return value
    try:
        return base64.b64decode(found[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
