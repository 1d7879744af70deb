"""Messages of JSON-RPC 2.0 as MCP uses it: requests, notifications, and a client's responses.

Followed: the JSON-RPC 2.0 specification, narrowed as MCP's base protocol narrows it (ids are texts
or whole numbers and never null, parameters are objects, no batches).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from evalkit.services.bodies import BodyError, read_json

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
RESOURCE_NOT_FOUND = -32002

HTTP_STATUS: Mapping[int, int] = MappingProxyType(
    {
        **dict.fromkeys((PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS), 400),
        **dict.fromkeys((HEADER_MISMATCH, UNSUPPORTED_VERSION), 400),
        METHOD_NOT_FOUND: 404,
    }
)
"""The HTTP status of an error from 2026-07-28 on, where 200 is not it. Before, what goes wrong
within a session is always 200.
"""

Id: TypeAlias = str | int


class RpcError(Exception):
    """What is answered instead of a result. `status` is the HTTP status that goes with it.

    `complaint` is set where the service has nothing to answer, and says why; `breaches` says how
    the request broke the schema of what it asked for.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        data: Any = None,
        status: int = 200,
        complaint: str | None = None,
        breaches: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status
        self.complaint = complaint
        self.breaches = breaches

    def body(self, id: Id | None) -> dict[str, Any]:  # noqa: A002 - JSON-RPC's name
        """The response that says so."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": id, "error": error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a client. No `method`: a response; no `id`: a notification."""

    method: str | None
    id: Id | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_request(self) -> bool:
        """Whether a response is owed."""
        return self.method is not None and self.id is not None

    @property
    def meta(self) -> Mapping[str, Any]:
        """What `_meta` of the parameters holds; nothing where it is no object."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, Mapping) else {}


def read_message(body: bytes) -> Message:
    """The message in JSON text. Raises `RpcError`."""
    try:
        value = read_json(body)
    except BodyError as error:
        status = error.status
        raise RpcError(PARSE_ERROR, f"Parse error: {error.message}", status=status) from None
    if isinstance(value, list):
        raise _invalid("batches are not part of this protocol")
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise _invalid('a message is an object with "jsonrpc": "2.0"')
    return _message(value)


def result_body(id: Id | None, result: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002
    """A response."""
    return {"jsonrpc": "2.0", "id": id, "result": result}


def notice(method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A notification of the server."""
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}


def _message(value: Mapping[str, Any]) -> Message:
    if "method" not in value:
        if "id" in value and ("result" in value or "error" in value):
            return Message(method=None)
        raise _invalid("a message has a `method`, or is a response with an `id`")
    method, params = value["method"], value.get("params")
    if not isinstance(method, str):
        raise _invalid("the `method` is no text")
    message = Message(method=method, id=_id(value))
    if params is None:
        return message
    if not isinstance(params, dict):
        raise _invalid("`params` is no object", code=INVALID_PARAMS)
    return Message(method=method, id=message.id, params=params)


def _id(value: Mapping[str, Any]) -> Id | None:
    if "id" not in value:
        return None
    given = value["id"]
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _invalid("the `id` is neither a text nor a whole number")
    return given


def _invalid(message: str, code: int = INVALID_REQUEST) -> RpcError:
    return RpcError(code, f"Invalid request: {message}", status=400)
