"""An MCP definition made ready to answer: its templates compiled, its schemas checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.latency import Latency
from evalkit.services.compiling import Compiler
from evalkit.services.mcp.catalogue import Catalogue, compile_catalogue
from evalkit.services.mcp.model import McpDefinition, PromptPart, ResourcePart
from evalkit.services.mcp.uris import UriPattern, UriProblem, parse_uri
from evalkit.services.openapi.compiled import CompiledOpenApi
from evalkit.services.template import Expression, Template, Where

RESOURCE_NAMES = ("path", "session", "turn", "now", "headers")
PROMPT_NAMES = ("arguments", "session", "turn", "now", "headers")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledResource:
    """One resource or template. One of `json`, `text` and `blob` is set."""

    uri: UriPattern
    entry: Mapping[str, Any]
    mime: str | None
    found: Expression | None
    json: Template | None
    text: Template | None
    blob: Template | None
    latency: Latency | None
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPrompt:
    """One prompt; `messages` are its templates, `required` its arguments that must be there."""

    entry: Mapping[str, Any]
    description: str | None
    messages: Template
    arguments: frozenset[str]
    required: tuple[str, ...]
    latency: Latency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMcp:
    """All that the services of one definition share."""

    definition: McpDefinition
    catalogue: Catalogue
    resources: tuple[CompiledResource, ...]
    prompts: Mapping[str, CompiledPrompt]
    contract: CompiledOpenApi | None


def compile_mcp(
    definition: McpDefinition, compiler: Compiler, contract: CompiledOpenApi | None = None
) -> CompiledMcp:
    """The definition compiled, `contract` being that of its `tools_from`. Its mistakes are left
    with the compiler.
    """
    resources = (_resource(uri, part, compiler) for uri, part in definition.resources.items())
    prompts = definition.prompts.items()
    return CompiledMcp(
        definition=definition,
        catalogue=compile_catalogue(definition, compiler, contract),
        resources=tuple(each for each in resources if each is not None),
        prompts={name: _prompt(name, part, compiler) for name, part in prompts},
        contract=contract,
    )


def _resource(uri: str, part: ResourcePart, compiler: Compiler) -> CompiledResource | None:
    where: Where = ("resources", uri)
    try:
        pattern = parse_uri(uri)
    except UriProblem as error:
        compiler.refuse(where, f"`{uri}` is no URI of a resource: {error}", at_key=True)
        return None

    def value(key: str, given: Any, *, has: bool) -> Template | None:
        return compiler.value((*where, key), given, RESOURCE_NAMES) if has else None

    found = None
    if part.found is not None:
        found = compiler.expression((*where, "if"), part.found, RESOURCE_NAMES)
    json = value("json", part.body, has=part.has_json)
    text = value("text", part.text, has=part.text is not None)
    blob = value("blob", part.blob, has=part.blob is not None)
    return CompiledResource(
        uri=pattern,
        entry=_resource_entry(pattern, part),
        mime=_mime(part),
        found=found,
        json=json,
        text=text,
        blob=blob,
        latency=part.latency,
        names=_names((json, text, blob), found),
    )


def _names(templates: Iterable[Template | None], found: Expression | None) -> frozenset[str]:
    names = {name for each in templates if each is not None for name in each.names}
    return frozenset(names if found is None else names | found.names)


def _mime(part: ResourcePart) -> str | None:
    return part.mime or ("application/json" if part.has_json else None)


def _resource_entry(uri: UriPattern, part: ResourcePart) -> dict[str, Any]:
    entry = {
        "uriTemplate" if uri.parameters else "uri": uri.text,
        "name": part.name or uri.text,
        "title": part.title,
        "description": part.description,
        "mimeType": _mime(part),
    }
    return {key: each for key, each in entry.items() if each is not None}


def _prompt(name: str, part: PromptPart, compiler: Compiler) -> CompiledPrompt:
    where: Where = ("prompts", name, "messages")
    messages = [
        {"role": each.role, "content": {"type": "text", "text": each.text}}
        for each in part.messages
    ]
    for at, each in enumerate(part.messages):  # so that a mistake is told where it was written
        compiler.value((*where, at, "text"), each.text, PROMPT_NAMES)
    compiled = Compiler().value((), messages, PROMPT_NAMES)
    return CompiledPrompt(
        entry=_prompt_entry(name, part),
        description=part.description,
        messages=compiled,
        arguments=frozenset(part.arguments),
        required=tuple(key for key, each in part.arguments.items() if each.required),
        latency=part.latency,
    )


def _prompt_entry(name: str, part: PromptPart) -> dict[str, Any]:
    arguments = []
    for key, each in part.arguments.items():
        argument = {"name": key, "description": each.description, "required": each.required}
        arguments.append({key: value for key, value in argument.items() if value is not None})
    entry = {"name": name, "title": part.title, "description": part.description}
    known = {key: value for key, value in entry.items() if value is not None}
    return {**known, "arguments": arguments} if arguments else known
