"""The tools that a service has, compiled, and how their list changes while a client is at work."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.latency import Latency
from evalkit.services.compiling import Compiler
from evalkit.services.mcp.model import McpDefinition, SaidPart, ToolEffectPart, ToolPart
from evalkit.services.mcp.operations import OperationTool, operation_tools
from evalkit.services.mcp.replies import CompiledSaid, CompiledToolEffect
from evalkit.services.mcp.schemas import Schema, SchemaProblem
from evalkit.services.mcp.versions import has_structure
from evalkit.services.openapi.compiled import CompiledOpenApi
from evalkit.services.template import Expression, Where

TOOL_NAMES = ("arguments", "session", "turn", "now", "headers")

_ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTool:
    """One tool. `names` are the variables that anything in it uses."""

    part: ToolPart
    input: Schema
    output: Schema | None
    replies: tuple[CompiledSaid, ...]
    effect: CompiledToolEffect | None
    names: frozenset[str]
    operation: OperationTool | None = None

    @property
    def latency(self) -> Latency | None:
        """Its own, instead of the service's."""
        return self.part.latency

    def entry(self, name: str, version: str) -> dict[str, Any]:
        """What `tools/list` says of it under this name."""
        structured = has_structure(version)
        entry = {
            "name": name,
            "title": self.part.title if structured else None,
            "description": self.part.description,
            "inputSchema": self.input.text,
            "outputSchema": self.output.text if self.output and structured else None,
            "annotations": self.part.annotations or None,
        }
        return {key: value for key, value in entry.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The tools by name from each moment on: `moments` (nanoseconds, from 0) and `tools` go along
    with each other.
    """

    moments: tuple[int, ...]
    tools: tuple[Mapping[str, CompiledTool], ...]

    def at(self, elapsed: int) -> Mapping[str, CompiledTool]:
        """The tools so many nanoseconds after a client's first request."""
        return self.tools[max(0, bisect_right(self.moments, elapsed) - 1)]

    def changes_after(self, elapsed: int) -> tuple[int, ...]:
        """How many nanoseconds from then each later change is."""
        return tuple(each - elapsed for each in self.moments[1:] if each > elapsed)

    @property
    def ever(self) -> bool:
        """Whether there is a tool at any time."""
        return any(self.tools)


def compile_catalogue(
    definition: McpDefinition, compiler: Compiler, contract: CompiledOpenApi | None = None
) -> Catalogue:
    """The tools compiled, those of the contract first. Mistakes are left with the compiler."""
    current = _of_contract(definition, contract)
    if contract is not None and not current:
        compiler.refuse(("tools_from",), "none of its operations is a tool")
    current |= _tools(("tools",), definition.tools, compiler)
    moments, tools = [0], [current]
    for at, change in enumerate(definition.changes):
        where: Where = ("changes", at)
        for place, name in _named(where, change.remove, change.rename):
            if name not in current:
                message = f"there is no tool `{name}` by then"
                compiler.refuse(place, message, allowed=tuple(current), given=name)
        gone = {*change.remove, *change.rename}
        renamed = {new: current[old] for old, new in change.rename.items() if old in current}
        kept = {name: each for name, each in current.items() if name not in gone}
        current = {**kept, **renamed, **_tools((*where, "tools"), change.tools, compiler)}
        moments.append(change.after)
        tools.append(current)
    return Catalogue(moments=tuple(moments), tools=tuple(tools))


def _named(
    where: Where, remove: tuple[str, ...], rename: Mapping[str, str]
) -> Iterator[tuple[Where, str]]:
    for at, name in enumerate(remove):
        yield (*where, "remove", at), name
    for name in rename:
        yield (*where, "rename", name), name


def _of_contract(
    definition: McpDefinition, contract: CompiledOpenApi | None
) -> dict[str, CompiledTool]:
    if contract is None or definition.tools_from is None:
        return {}
    return {
        name: CompiledTool(
            part=ToolPart(
                description=tool.description,
                annotations={"readOnlyHint": tool.operation.pattern.method == "GET"},
            ),
            input=tool.input,
            output=None,
            replies=(),
            effect=None,
            names=frozenset(),
            operation=tool,
        )
        for name, tool in operation_tools(contract, definition.tools_from.only)
    }


def _tools(
    where: Where, parts: Mapping[str, ToolPart], compiler: Compiler
) -> dict[str, CompiledTool]:
    return {name: _tool((*where, name), part, compiler) for name, part in parts.items()}


def _tool(where: Where, part: ToolPart, compiler: Compiler) -> CompiledTool:
    replies = _replies(where, part, compiler)
    effect = None if part.effect is None else _effect((*where, "effect"), part.effect, compiler)
    output = None if part.output is None else _schema((*where, "output"), part.output, compiler)
    return CompiledTool(
        part=part,
        input=_schema((*where, "input"), part.input, compiler),
        output=output,
        replies=replies,
        effect=effect,
        names=_names(replies, effect),
    )


def _schema(where: Where, schema: dict[str, Any], compiler: Compiler) -> Schema:
    try:
        return Schema(schema)
    except SchemaProblem as error:
        compiler.refuse(where, str(error))
        return Schema(_ANY_OBJECT)


def _replies(where: Where, part: ToolPart, compiler: Compiler) -> tuple[CompiledSaid, ...]:
    if part.error is not None:
        return (CompiledSaid(error=compiler.value((*where, "error"), part.error, TOOL_NAMES)),)
    if part.reply is not None:
        places: list[tuple[Where, SaidPart]] = [((*where, "reply"), part.reply)]
    else:
        places = [((*where, "replies", at), each) for at, each in enumerate(part.replies)]
    if part.output is not None:
        _check_structure(where, places, compiler)
    return tuple(_said(place, each, compiler) for place, each in places) or (CompiledSaid(),)


def _check_structure(
    where: Where, places: list[tuple[Where, SaidPart]], compiler: Compiler
) -> None:
    """Whoever declares an output schema owes structured content."""
    message = "a tool with an `output` schema answers with `json` (or `error`)"
    if not places:
        compiler.refuse(where, message, at_key=True)
    for place, each in places:
        if not each.has_json and each.error is None:
            compiler.refuse(place, message)


def _said(where: Where, part: SaidPart, compiler: Compiler) -> CompiledSaid:
    condition = None
    if part.condition is not None:
        condition = compiler.expression((*where, "if"), part.condition, TOOL_NAMES)
    given = {"json": part.body if part.has_json else None, "text": part.text}
    given |= {"content": part.content, "error": part.error}
    templates = {
        key: compiler.value((*where, key), value, TOOL_NAMES)
        for key, value in given.items()
        if value is not None or (key == "json" and part.has_json)
    }
    return CompiledSaid(condition=condition, **templates)


def _effect(where: Where, part: ToolEffectPart, compiler: Compiler) -> CompiledToolEffect:
    places: list[tuple[Where, str]] = [((*where, "key"), each) for each in part.keys]
    if not isinstance(part.key, str):
        places = [((*where, "key", at), each) for at, each in enumerate(part.key)]
    keys = [compiler.expression(place, each, TOOL_NAMES) for place, each in places]
    idempotency = None
    if part.idempotency is not None:
        place = (*where, "idempotency")
        idempotency = compiler.expression(place, part.idempotency, TOOL_NAMES)
    return CompiledToolEffect(
        name=part.name,
        key=tuple(key for key in keys if key is not None),
        data=compiler.value((*where, "data"), part.data, (*TOOL_NAMES, "reply")),
        idempotency=idempotency,
    )


def _names(replies: tuple[CompiledSaid, ...], effect: CompiledToolEffect | None) -> frozenset[str]:
    names = {name for reply in replies for each in reply.templates for name in each.names}
    expressions: list[Expression | None] = [reply.condition for reply in replies]
    if effect is not None:
        names |= effect.data.names
        expressions += [*effect.key, effect.idempotency]
    return frozenset(names.union(*(each.names for each in expressions if each is not None)))
