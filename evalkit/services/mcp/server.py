"""The server: which method does what. It knows no transport and no session ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from evalkit.services.mcp.answers import Answer, Asked
from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.listening import list_changes, listen
from evalkit.services.mcp.reading import (
    find_resource,
    get_prompt,
    list_prompts,
    list_resources,
    read_resource,
)
from evalkit.services.mcp.rpc import HTTP_STATUS, METHOD_NOT_FOUND, Message, RpcError
from evalkit.services.mcp.tools import Tools
from evalkit.services.mcp.versions import SESSIONS, framed, is_sessionless

_Method: TypeAlias = Callable[[Asked], Answer]
_LONGEST_NAME = 100


class McpServer:
    """One MCP server, in one world. What it is asked never makes it raise."""

    def __init__(self, name: str, mcp: CompiledMcp) -> None:
        self.mcp = mcp
        self._tools = Tools(mcp)
        self.info = {"name": mcp.definition.name or name, "version": mcp.definition.version}
        self._methods = self._offered()

    def answer(self, asked: Asked) -> Answer:
        """What is answered to a request."""
        method = str(asked.message.method)
        try:
            answer = self._method(method, asked.version)(asked)
        except RpcError as error:
            if is_sessionless(asked.version):
                error.status = HTTP_STATUS.get(error.code, error.status)
            answer = Answer(
                error=error, failed=True, complaint=error.complaint, breaches=error.breaches
            )
        latency = self._latency(asked) if answer.latency is None else answer.latency
        result = framed(method, answer.result, asked.version, self.info)
        return replace(answer, result=result, latency=latency)

    def changes(self, asked: Asked) -> Answer:
        """What a client that listens is told; it stays open."""
        return list_changes(self.mcp, asked)

    def operation(self, message: Message) -> str:
        """What a message asks for: `tools/call create_ticket`, `tools/list`, `response`."""
        if message.method is None:
            return "response"
        method = _tidy(message.method)
        if method in ("tools/call", "prompts/get"):
            return f"{method} {_tidy(message.params.get('name'))}".strip()
        if method == "resources/read":
            uri = message.params.get("uri")
            found = find_resource(self.mcp, uri) if isinstance(uri, str) else None
            return f"{method} {_tidy(uri) if found is None else found[0].uri.text}".strip()
        return method

    def _method(self, method: str, version: str) -> _Method:
        sessionless = is_sessionless(version)
        found = self._methods.get(method)
        if found is None or method in (_ONLY_IN_SESSIONS if sessionless else _ONLY_WITHOUT):
            raise RpcError(
                METHOD_NOT_FOUND,
                "Method not found",
                complaint=f"the server knows no method `{method[:_LONGEST_NAME]}` in {version}",
            )
        return found

    def _offered(self) -> dict[str, _Method]:
        """The methods of what the definition has."""
        mcp, methods = self.mcp, dict[str, _Method]()
        methods |= {"initialize": self._initialize, "ping": lambda _: Answer()}
        methods |= {
            "server/discover": self._discover,
            "subscriptions/listen": lambda asked: listen(mcp, asked),
        }
        if mcp.catalogue.ever:
            methods |= {"tools/list": self._tools.list, "tools/call": self._tools.call}
        if mcp.resources:
            methods |= {
                "resources/list": lambda asked: list_resources(mcp, asked, templates=False),
                "resources/templates/list": lambda asked: list_resources(
                    mcp, asked, templates=True
                ),
                "resources/read": lambda asked: read_resource(mcp, asked),
            }
        if mcp.prompts:
            methods |= {
                "prompts/list": lambda asked: list_prompts(mcp, asked),
                "prompts/get": lambda asked: get_prompt(mcp, asked),
            }
        return methods

    def _initialize(self, asked: Asked) -> Answer:
        result = {"protocolVersion": asked.version, "serverInfo": self.info}
        return Answer(result={**result, **self._about()})

    def _discover(self, asked: Asked) -> Answer:
        del asked
        versions = list(self.mcp.definition.revisions)
        return Answer(result={"supportedVersions": versions, **self._about()})

    def _about(self) -> dict[str, Any]:
        """Capabilities and instructions."""
        mcp = self.mcp
        has = {"tools": mcp.catalogue.ever, "resources": mcp.resources, "prompts": mcp.prompts}
        capabilities: dict[str, Any] = {name: {} for name, any_ in has.items() if any_}
        if len(mcp.catalogue.moments) > 1:
            capabilities["tools"] = {"listChanged": True}
        about: dict[str, Any] = {"capabilities": capabilities}
        if mcp.definition.instructions is not None:
            about["instructions"] = mcp.definition.instructions
        return about

    def _latency(self, asked: Asked) -> int:
        latency = self.mcp.definition.latency
        return 0 if latency is None else latency.sample(asked.request.draw)


def negotiated(wanted: object, spoken: tuple[str, ...]) -> str | None:
    """The revision of a session: the one wanted if it is spoken, else the newest spoken that has
    sessions; None where there is none.
    """
    with_sessions = [each for each in SESSIONS if each in spoken]
    if wanted in with_sessions:
        return str(wanted)
    return with_sessions[-1] if with_sessions else None


_ONLY_IN_SESSIONS = frozenset({"initialize", "ping"})
_ONLY_WITHOUT = frozenset({"server/discover", "subscriptions/listen"})


def _tidy(name: object) -> str:
    """A name of the client's as part of a label: short, in one line."""
    text = name if isinstance(name, str) else ""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST_NAME])
