"""The MCP service over streamable HTTP.

Followed: the transport as the specification has it up to 2025-11-25 (sessions, the GET stream,
DELETE) and from 2026-07-28 on (neither of them; headers that mirror the body).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.latest import Latest
from evalkit.services.mcp.answers import Answer, Asked
from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.delivery import accepted, delivered, opened, refused
from evalkit.services.mcp.envelope import check_envelope, header_values
from evalkit.services.mcp.rpc import (
    INVALID_REQUEST,
    UNSUPPORTED_VERSION,
    Message,
    RpcError,
    read_message,
)
from evalkit.services.mcp.server import McpServer, negotiated
from evalkit.services.mcp.sessions import Session, Sessions
from evalkit.services.mcp.versions import SESSIONLESS, UNSAID, VERSION_KEY, is_sessionless
from evalkit.wire import Head, Headers, Reply, Request

SESSION_HEADER = "mcp-session-id"
VERSION_HEADER = "mcp-protocol-version"

_GET, _DELETE = "GET stream", "DELETE session"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """Who asks: in which revision, since when, and in which session if in any."""

    version: str
    since: int
    session: Session | None = None

    @property
    def headers(self) -> Headers:
        """What goes back with every reply."""
        return () if self.session is None else ((SESSION_HEADER, self.session.id),)


class McpService:
    """A mock of an MCP server, behaving as the SDK's own servers do."""

    kind = "mcp"
    waits = False

    def __init__(
        self, name: str, mcp: CompiledMcp, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
    ) -> None:
        self.name = name
        self.hosts = mcp.definition.hosts
        self._definition = mcp.definition
        self._starts_at_ns = starts_at_ns
        self._server = McpServer(name, mcp)
        self._sessions = Sessions(mcp.definition.session_lifetime)
        self._first_seen: Latest[str | None, int] = Latest()
        self._read: tuple[bytes, Message | RpcError] | None = None

    def operation(self, request: Request) -> str:
        """`tools/call NAME`, `tools/list`, `initialize`, …; `GET stream` and `DELETE session`;
        `METHOD path` where it is none of them.
        """
        if self._at_endpoint(request):
            if request.method in ("GET", "DELETE"):
                return _GET if request.method == "GET" else _DELETE
            message = self._message(request)
            if request.method == "POST" and isinstance(message, Message) and message.method != "":
                return self._server.operation(message)
        return f"{request.method} {request.path}"

    async def handle(self, request: Request) -> Reply:
        """The healthy reply."""
        message = self._message(request) if request.method == "POST" else None
        try:
            reply = self._answered(request, message)
        except RpcError as error:
            known = message if isinstance(message, Message) else None
            allow = (("allow", "GET, POST, DELETE"),) if error.status == 405 else ()
            reply = replace(refused(error, known, allow), complaint=error.complaint)
        return replace(reply, route=self.operation(request))

    def _message(self, request: Request) -> Message | RpcError:
        """The message in a body. The last is kept: a call is asked for its operation first."""
        if self._read is None or self._read[0] is not request.body:
            try:
                self._read = (request.body, read_message(request.body))
            except RpcError as error:
                self._read = (request.body, error)
        return self._read[1]

    def _at_endpoint(self, request: Request) -> bool:
        return request.path.rstrip("/") == self._definition.path.rstrip("/")

    def _answered(self, request: Request, message: Message | RpcError | None) -> Reply:
        """Raises `RpcError` for what the transport refuses."""
        if not self._at_endpoint(request):
            complaint = f"no endpoint at `{request.path[:200]}`; it is at {self._definition.path}"
            raise RpcError(INVALID_REQUEST, "Not Found", status=404, complaint=complaint)
        if message is None:
            return self._beside(request)
        _check_headers(request)
        if isinstance(message, RpcError):
            message.complaint = message.message
            raise message
        return self._posted(request, message)

    def _beside(self, request: Request) -> Reply:
        """GET opens the stream of a session, DELETE ends a session."""
        named = request.header(VERSION_HEADER) or UNSAID
        allowed = self._definition.sessions and not is_sessionless(named)
        if request.method not in ("GET", "DELETE") or not allowed:
            raise RpcError(INVALID_REQUEST, "Method Not Allowed", status=405)
        self._check_version(named)
        session = self._sessions.find(request.header(SESSION_HEADER), request.at)
        client = _Client(version=session.version, since=session.since, session=session)
        if request.method == "DELETE":
            end = partial(self._sessions.end, session)
            return Reply(headers=(("content-length", "0"),), plan=(Head(),), taken=(end,))
        _check_accept(request, "text/event-stream")
        asked = self._asked(request, Message(method=None), client)
        return opened(self._server.changes(asked), client.headers)

    def _posted(self, request: Request, message: Message) -> Reply:
        client = self._client(request, message)
        if not message.is_request:
            return accepted()
        if is_sessionless(client.version):
            check_envelope(message, header_values(request))
        asked = self._asked(request, message, client)
        answer = self._server.answer(asked)
        if message.method == "initialize" and self._definition.sessions and not answer.failed:
            session = self._sessions.new(client.version, request.at, request.draw)
            client = replace(client, session=session)
            answer = replace(answer, taken=(partial(self._sessions.begin, session),))
        stream = self._definition.answers == "stream"
        reply = delivered(answer, message, stream=stream, headers=client.headers)
        return _with(reply, answer)

    def _client(self, request: Request, message: Message) -> _Client:
        """Who posts this. Raises `RpcError`."""
        first = self._first_seen.setdefault(_name(request), request.at)
        if message.method == "initialize":
            version = self._negotiated(message)
            return _Client(version=version, since=request.at)
        named = request.header(VERSION_HEADER)
        self._check_version(named or UNSAID)
        if (named or UNSAID) in SESSIONLESS or VERSION_KEY in message.meta:
            return _Client(version=SESSIONLESS[-1], since=first)
        if not self._definition.sessions:
            return _Client(version=named or UNSAID, since=first)
        session = self._sessions.find(request.header(SESSION_HEADER), request.at)
        return _Client(version=session.version, since=session.since, session=session)

    def _negotiated(self, message: Message) -> str:
        wanted = message.params.get("protocolVersion")
        version = negotiated(wanted, self._definition.revisions)
        if version is None:
            raise self._unsupported(wanted)
        return version

    def _check_version(self, named: str) -> None:
        spoken = self._definition.revisions
        if named not in spoken and (named != UNSAID or negotiated(None, spoken) is None):
            raise self._unsupported(named)

    def _unsupported(self, wanted: object) -> RpcError:
        supported = list(self._definition.revisions)
        return RpcError(
            UNSUPPORTED_VERSION,
            "Unsupported protocol version",
            data={"supported": supported, "requested": wanted},
            status=400,
        )

    def _asked(self, request: Request, message: Message, client: _Client) -> Asked:
        return Asked(
            message=message,
            version=client.version,
            since=client.since,
            request=request,
            starts_at_ns=self._starts_at_ns,
        )


def _with(reply: Reply, answer: Answer) -> Reply:
    return replace(
        reply,
        effects=answer.effects,
        taken=answer.taken,
        complaint=answer.complaint,
        breaches=answer.breaches,
        failed=answer.failed,
    )


def _name(request: Request) -> str | None:
    return None if request.caller is None else request.caller.session


def _check_headers(request: Request) -> None:
    """Raises `RpcError` where a client does not say what the transport asks it to."""
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = "Unsupported Media Type: Content-Type must be application/json"
        raise RpcError(INVALID_REQUEST, message, status=415, complaint=message)
    _check_accept(request, "application/json")
    _check_accept(request, "text/event-stream")


def _check_accept(request: Request, kind: str) -> None:
    given = ",".join(value for name, value in request.headers if name == "accept")
    kinds = {each.partition(";")[0].strip().lower() for each in given.split(",")}
    if not kinds & {kind, f"{kind.partition('/')[0]}/*", "*/*"}:
        message = f"Not Acceptable: Client must accept {kind}"
        raise RpcError(INVALID_REQUEST, message, status=406, complaint=message)
