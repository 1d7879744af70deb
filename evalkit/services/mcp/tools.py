"""`tools/list` and `tools/call`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any

from evalkit.latency import Latency
from evalkit.services.attribution import unattributed
from evalkit.services.mcp.answers import Answer, Asked, Notice
from evalkit.services.mcp.catalogue import CompiledTool
from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.operations import OperationTool
from evalkit.services.mcp.paging import page
from evalkit.services.mcp.repetitions import Repetitions
from evalkit.services.mcp.replies import Said, failed, said_of
from evalkit.services.mcp.rpc import INTERNAL_ERROR, INVALID_PARAMS, RpcError, notice
from evalkit.services.mcp.running import at_once
from evalkit.services.mcp.schemas import SchemaProblem
from evalkit.services.mcp.versions import has_structure, shows_arguments_mistake
from evalkit.services.openapi.service import OpenApiService
from evalkit.services.template import RenderError, rendering
from evalkit.wire import Reply, Wait


class Tools:
    """The tools of one service, in one world."""

    def __init__(self, mcp: CompiledMcp) -> None:
        self._mcp = mcp
        self._repetitions = Repetitions()
        self._api: OpenApiService | None = None

    def list(self, asked: Asked) -> Answer:
        """A page of the tools there are by now. Raises `RpcError`."""
        tools = self._mcp.catalogue.at(asked.elapsed)
        entries = [tool.entry(name, asked.version) for name, tool in tools.items()]
        size = self._mcp.definition.page
        return Answer(result=page("tools", entries, asked.params.get("cursor"), size))

    def call(self, asked: Asked) -> Answer:
        """What the tool says. Raises `RpcError`."""
        name, tool = self._find(asked)
        arguments = asked.mapping("arguments")
        latency = tool.latency or self._mcp.definition.latency
        mistake = _mistake(tool, name, arguments)
        if mistake is not None:
            answer = _wrong_arguments(name, mistake, asked)
        elif tool.operation is not None:
            return _replied(self._asked(tool.operation, arguments, asked), asked)
        else:
            answer = self._said(name, tool, arguments, asked)
        return _timed(answer, tool, latency, asked)

    def _find(self, asked: Asked) -> tuple[str, CompiledTool]:
        name = asked.text("name")
        tools = self._mcp.catalogue.at(asked.elapsed)
        if name in tools:
            return name, tools[name]
        near = get_close_matches(name[:200], tools, n=1)
        meant = f"; did you mean `{near[0]}`?" if near else ""
        known = ", ".join(tools) or "none"
        complaint = f"there is no tool `{name[:200]}`; there are: {known[:1000]}{meant}"
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {name[:200]}", complaint=complaint)

    def _asked(self, tool: OperationTool, arguments: Mapping[str, Any], asked: Asked) -> Reply:
        """What the API behind the server replies."""
        if self._api is None:
            assert self._mcp.contract is not None, "a tool of an operation has its contract"
            self._api = OpenApiService("api", self._mcp.contract, starts_at_ns=asked.starts_at_ns)
        return at_once(self._api.handle(tool.request(arguments, asked.request)))

    def _said(
        self, name: str, tool: CompiledTool, arguments: Mapping[str, Any], asked: Asked
    ) -> Answer:
        variables = asked.variables(tool.names, arguments=arguments)
        try:
            with rendering(variables):
                return self._once(name, tool, variables, asked)
        except RenderError as error:
            raise _mock_failed(name, str(error), asked) from None

    def _once(
        self, name: str, tool: CompiledTool, variables: Mapping[str, Any], asked: Asked
    ) -> Answer:
        """What the tool says, or said before to the same key. Raises `RenderError`."""
        key = None if tool.effect is None else tool.effect.repetition(variables)
        arguments = variables["arguments"]
        before = None if key is None else self._repetitions.before(name, key, arguments)
        if before is not None:
            return _answer(before, asked)
        said = _rendered(tool, variables)
        answer = _answer(said, asked)
        if tool.effect is None or said.failed:
            return answer
        keep = partial(self._repetitions.keep, name, key or "", arguments, said)
        effect = tool.effect.render(variables, said.value)
        return replace(answer, effects=(effect,), taken=() if key is None else (keep,))


def _replied(reply: Reply, asked: Asked) -> Answer:
    """A reply of the API as the result of a tool: what is an error there is one here."""
    text = reply.body().decode("utf-8", "replace")
    said = failed(text or f"status {reply.status}") if reply.status >= 400 else said_of(text)
    return replace(
        _answer(said, asked),
        latency=sum(step.ns for step in reply.plan if isinstance(step, Wait)) or None,
        effects=reply.effects,
        taken=reply.taken,
        complaint=reply.complaint,
        breaches=reply.breaches,
    )


def _answer(said: Said, asked: Asked) -> Answer:
    result = said.result(structured=has_structure(asked.version))
    return Answer(result=result, failed=said.failed)


def _rendered(tool: CompiledTool, variables: Mapping[str, Any]) -> Said:
    chosen = next((each for each in tool.replies if each.holds(variables)), None)
    if chosen is None:
        raise RenderError("the condition of none of its replies holds")
    said = chosen.render(variables)
    if tool.output is not None and not said.failed:
        try:
            mistake = tool.output.mistake(said.value)
        except SchemaProblem as error:
            mistake = str(error)
        if mistake is not None:
            raise RenderError(f"its reply breaks its own `output` schema: {mistake}")
    return said


def _mistake(tool: CompiledTool, name: str, arguments: Mapping[str, Any]) -> str | None:
    try:
        return tool.input.mistake(arguments)
    except SchemaProblem as error:
        complaint = f"the `input` schema of `{name}` cannot be used: {error}"
        raise RpcError(INTERNAL_ERROR, complaint, complaint=complaint) from None


def _wrong_arguments(name: str, mistake: str, asked: Asked) -> Answer:
    message = f"Invalid arguments for tool {name}: {mistake}"
    if not shows_arguments_mistake(asked.version):
        raise RpcError(INVALID_PARAMS, message, breaches=(message,))
    return replace(_answer(failed(message), asked), breaches=(message,))


def _mock_failed(name: str, why: str, asked: Asked) -> RpcError:
    unknown = unattributed(asked.request.caller)
    complaint = f"`{name}` could not be answered: {why}{unknown}"
    return RpcError(INTERNAL_ERROR, complaint, complaint=complaint)


def _timed(answer: Answer, tool: CompiledTool, latency: Latency | None, asked: Asked) -> Answer:
    """The answer after its latency, and the progress on the way where the client asked for it."""
    due = 0 if latency is None else latency.sample(asked.request.draw)
    return replace(answer, latency=due, notices=_progress(tool.part.progress, due, asked))


def _progress(steps: int, due: int, asked: Asked) -> tuple[Notice, ...]:
    token = asked.message.meta.get("progressToken")
    if isinstance(token, bool) or not isinstance(token, str | int):
        return ()
    return tuple(
        (
            due * step // steps,
            notice(
                "notifications/progress",
                {"progressToken": token, "progress": step, "total": steps},
            ),
        )
        for step in range(1, steps + 1)
    )
